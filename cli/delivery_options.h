// The options of commands that say in what form finished works come.
#pragma once

#include <CLI/CLI.hpp>

#include "config/delivery.h"

namespace lectern::cli {

// One option for each field. `into` must outlive the command.
void add_delivery_options(CLI::App& command, Delivery& into);

// What was said, as a message holds it. A cover's path counts from the folder in which the command was given.
nlohmann::json said_delivery(Delivery delivery);

}  // namespace lectern::cli
