// parity chatterbox: files of recorded stages and text cases, each told apart by what it says it holds.
#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "config/fault.h"
#include "tests/parity/chatterbox_enrolment.h"
#include "tests/parity/chatterbox_s3gen.h"
#include "tests/parity/chatterbox_t3.h"
#include "worker/weights/device.h"

namespace lectern::parity {

namespace {

struct Arguments {
  std::vector<std::string> golden;
  std::string weights = "synthetic", text, tokenizer, model, device = "cpu", precision = "float32";
  int threads = 2;
  bool libtorch = false;
};

void compare_golden(const std::string& file, const Arguments& arguments, Report& report) {
  const Golden golden(file);
  const std::string stage = golden.text("stage");
  fmt::print("{}\n", golden.name());
  if (stage.starts_with("t3_")) {
    compare_t3(golden, arguments.weights,
               {.device = at::Device(arguments.device),
                .type = weights::precision_named(arguments.precision),
                .threads = arguments.threads,
                .packed = !arguments.libtorch},
               report);
  } else if (stage == "logits_processors") {
    compare_logits_processors(golden, report);
  } else if (is_s3gen_stage(golden)) {
    compare_s3gen(golden, arguments.weights,
                  {.device = at::Device(arguments.device), .flow = weights::precision_named(arguments.precision)},
                  report);
  } else if (is_enrolment_stage(golden)) {
    compare_enrolment(golden, arguments.weights, report);
  } else {
    throw Fault(Exit::bad_input, file + ": nothing here compares the stage '" + stage + "'");
  }
}

}  // namespace

int chatterbox(int argc, char** argv) {
  CLI::App app("parity chatterbox: compares the networks and the text front end with what was recorded");
  Arguments arguments;
  app.add_option("--golden", arguments.golden, "recorded stages (.safetensors)");
  app.add_option("--weights", arguments.weights, "synthetic, or a model folder");
  app.add_option("--text", arguments.text, "cases of punc_norm (.json)");
  app.add_option("--tokenizer", arguments.tokenizer, "cases of the tokenizer (.json); needs --model");
  app.add_option("--model", arguments.model, "a folder with vocab.json and merges.txt");
  app.add_option("--device", arguments.device, "cpu or cuda:N");
  app.add_option("--precision", arguments.precision, "float32, bfloat16 or float16");
  app.add_option("--threads", arguments.threads, "processor threads");
  app.add_flag("--libtorch", arguments.libtorch, "compute on the processor as devices do");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(Exit::usage);
  }
  if (arguments.golden.empty() && arguments.text.empty() && arguments.tokenizer.empty()) {
    throw Fault(Exit::usage, "give --golden, --text or --tokenizer");
  }
  if (!arguments.tokenizer.empty() && arguments.model.empty()) {
    throw Fault(Exit::usage, "--tokenizer needs --model, the folder with vocab.json and merges.txt");
  }
  Report report;
  for (const std::string& file : arguments.golden) compare_golden(file, arguments, report);
  if (!arguments.text.empty()) compare_punc_norm(arguments.text, report);
  if (!arguments.tokenizer.empty()) compare_tokenizer(arguments.tokenizer, arguments.model, report);
  return report.failed() ? static_cast<int>(Exit::job_failed) : 0;
}

}  // namespace lectern::parity
