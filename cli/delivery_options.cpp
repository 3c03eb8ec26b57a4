#include "cli/delivery_options.h"

#include <filesystem>

namespace lectern::cli {

void add_delivery_options(CLI::App& command, Delivery& into) {
  for (const DeliveryField& field : delivery_fields())
    command.add_option(std::string("--") + field.key, into.*field.member, field.help)
        ->check([&field](const std::string& value) { return wrong_value(field, value); })
        ->group("Form of the finished work")
        ->type_name(field.type);
}

nlohmann::json said_delivery(Delivery delivery) {
  if (!delivery.cover.empty()) delivery.cover = std::filesystem::absolute(delivery.cover).lexically_normal().string();
  return to_json(delivery);
}

}  // namespace lectern::cli
