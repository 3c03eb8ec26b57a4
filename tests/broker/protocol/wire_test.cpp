// The wire form: every message survives the trip, and nothing that a peer can send does more than a clear refusal.
#include "broker/protocol/wire.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "tests/broker/protocol/reference.h"

namespace lectern::protocol {
namespace {

std::string refusal(std::vector<std::string> frames) {
  try {
    decode(std::move(frames));
  } catch (const Fault& fault) {
    return fault.what();
  }
  return "accepted";
}

TEST(Wire, RefusesAnotherVersionByNamingBoth) {
  EXPECT_EQ(refusal({"lectern/0", "hello", "{}"}), "the other side speaks 'lectern/0', this program lectern/1");
}

TEST(Wire, RefusesTruncatedAndOversizedMessages) {
  EXPECT_EQ(refusal({}), "a message needs at least three frames");
  EXPECT_EQ(refusal({kVersion, "hello"}), "a message needs at least three frames");
  EXPECT_EQ(refusal(std::vector<std::string>(9, kVersion)), "a message has too many frames");
  EXPECT_EQ(refusal({kVersion, "hello", std::string(kMaxHeaderBytes + 1, ' ')}),
            "a message's header is larger than 64 MiB");
}

TEST(Wire, RefusesHeadersThatAreNotObjects) {
  for (const char* header : {"", "[]", "3", "{\"a\":", "\xff\xfe", "null"})
    EXPECT_EQ(refusal({kVersion, "hello", header}), "message 'hello': the header is not a JSON object") << header;
}

TEST(Wire, ReadsAsManyLevelsAsItSaysAndNoMore) {
  const auto nested = [](int levels) {
    return "{\"a\":" + std::string(levels - 1, '[') + "1" + std::string(levels - 1, ']') + "}";
  };
  EXPECT_EQ(refusal({kVersion, "hello", nested(kMaxDepth)}), "accepted");
  EXPECT_EQ(refusal({kVersion, "hello", nested(kMaxDepth + 1)}), "a message's header is nested too deep");
  // In a text longer than those that the thread keeps a parser for.
  const std::string padding(100'000, ' ');
  EXPECT_EQ(refusal({kVersion, "hello", padding + nested(kMaxDepth)}), "accepted");
  EXPECT_EQ(refusal({kVersion, "hello", padding + nested(kMaxDepth + 1)}), "a message's header is nested too deep");
}

TEST(Wire, FieldsAreFoundInAnyOrderAndOthersPassedOver) {
  const Message message = decode({kVersion, "change", R"({"x":[{}],"priority":3,"selection":{"all":true,"y":null,)"
                                                     R"("batch_id":"b","jobs":["1","2"]},"request":7,"action":"cancel"})"});
  EXPECT_EQ(message.request, 7u);
  const auto change = parse<Change>(message);
  EXPECT_EQ(change.action, "cancel");
  EXPECT_EQ(change.priority, 3);
  EXPECT_EQ(change.selection.jobs, (std::vector<std::string>{"1", "2"}));
  EXPECT_TRUE(change.selection.all);
}

TEST(Wire, NamesThePlaceInAListWhereAFieldIsWrong) {
  try {
    parse<Status>(decode({kVersion, "status", R"({"selection":{"jobs":["1",2],"batch_id":"","all":false},)"
                                              R"("most":0,"workers_only":false})"}));
    ADD_FAILURE() << "it was understood";
  } catch (const Fault& fault) {
    EXPECT_STREQ(fault.what(), "message 'status': field 'selection.jobs[1]' must be a string");
  }
}

TEST(Wire, NumbersKeepEveryDigit) {
  Work work;
  work.seed = UINT64_MAX;
  work.speed = 0.1;
  Submit submit;
  submit.priority = INT64_MIN;
  submit.by_ms = INT64_MAX;
  submit.cast = {{"a", -1}, {"b", UINT64_MAX}, {"c", 0.1}, {"d", nullptr}, {"e", {true, "\u00e9"}}};
  EXPECT_EQ(parse<Work>(decode(encode(work))).seed, UINT64_MAX);
  EXPECT_EQ(parse<Work>(decode(encode(work))).speed, 0.1);
  const auto back = parse<Submit>(decode(encode(submit)));
  EXPECT_EQ(back.priority, INT64_MIN);
  EXPECT_EQ(back.by_ms, INT64_MAX);
  EXPECT_EQ(back.cast, submit.cast);
}

TEST(Wire, NamesTheFieldThatIsMissingOrWrong) {
  auto parse_error = [](const Json& header) -> std::string {
    try {
      parse<Work>(decode({kVersion, "work", header.dump()}));
    } catch (const Fault& fault) {
      return fault.what();
    }
    return "accepted";
  };
  Json good = Json::parse(encode(Work{})[2]);
  EXPECT_EQ(parse_error(good), "accepted");
  Json missing = good;
  missing.erase("voice");
  EXPECT_EQ(parse_error(missing), "message 'work': field 'voice' is missing");
  Json nested = good;
  nested["lease"]["attempt"] = -1;
  EXPECT_EQ(parse_error(nested), "message 'work': field 'lease.attempt' must be a whole number, not negative");
  Json wrong = good;
  wrong["speed"] = "fast";
  EXPECT_EQ(parse_error(wrong), "message 'work': field 'speed' must be a number");
}

TEST(Wire, EveryMessageAnswersToEveryMissingField) {
  for_each_message([]<class T>() {
    const Json whole = Json::parse(encode(T{})[2]);
    EXPECT_NO_THROW(parse<T>(decode({kVersion, T::kType, whole.dump()})));
    T::fields([&](const char* field, auto member, const char*) {
      Json lacking = whole;
      lacking.erase(field);
      EXPECT_THROW(parse<T>(decode({kVersion, T::kType, lacking.dump()})), Fault) << T::kType << "." << field;
      Json odd = whole;
      odd[field] = whole[field].is_array() ? Json(7) : Json::array({Json::array()});
      if (std::is_same_v<decltype(member), Json T::*>) return;  // any JSON
      EXPECT_THROW(parse<T>(decode({kVersion, T::kType, odd.dump()})), Fault) << T::kType << "." << field;
    });
  });
}

TEST(Wire, FieldsSurviveTheTrip) {
  Submit submit;
  submit.job_id = "0123-abcd";
  submit.name = "Käse \"quoted\"\n";
  submit.speed = 1.25;
  submit.priority = -7;
  submit.overwrite = true;
  const Message message = decode(encode(submit, 42, {std::string("\0\xff raw", 6)}));
  EXPECT_EQ(message.request, 42u);
  ASSERT_EQ(message.payload.size(), 1u);
  EXPECT_EQ(message.payload[0], std::string("\0\xff raw", 6));
  const auto back = parse<Submit>(message);
  EXPECT_EQ(back.name, submit.name);
  EXPECT_EQ(back.speed, 1.25);
  EXPECT_EQ(back.priority, -7);
  EXPECT_TRUE(back.overwrite);
}

TEST(Wire, TextThatIsNotUtf8DoesNotBreakTheMessage) {
  Submit submit;
  submit.script_name = "caf\xe9.txt";
  EXPECT_NO_THROW(parse<Submit>(decode(encode(submit))));
}

TEST(Wire, SamplesSurviveAndWrongSizesAreRefused) {
  const std::vector<float> samples{0.f, -1.f, 0.25f};
  const std::string payload = to_payload(samples);
  EXPECT_EQ(from_payload(payload, 3), samples);
  EXPECT_THROW(from_payload(payload, 2), Fault);
  EXPECT_THROW(from_payload(payload.substr(0, 11), 3), Fault);
  EXPECT_THROW(from_payload("", ~0ull), Fault);
}

TEST(Wire, GarbageIsNeverMoreThanARefusal) {
  std::mt19937 random(7);
  const std::string seed = encode(Work{})[2];
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> frames{kVersion, "work", seed};
    for (int edits = random() % 8; edits >= 0; --edits) {
      std::string& frame = frames[random() % 4 ? 2 : random() % 3];
      if (frame.empty()) continue;
      frame[random() % frame.size()] = static_cast<char>(random());
    }
    try {
      parse<Work>(decode(frames));
    } catch (const Fault&) {
    }
  }
}

// To write it anew: run this test with LECTERN_WRITE_PROTOCOL=1.
TEST(Protocol, ReferenceInTheDocumentIsTheOneInTheCode) {
  const std::string file = PROTOCOL_MD;
  const std::string marker = "## Reference\n\n";
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  const std::string document = text.str();
  const auto at = document.find(marker);
  ASSERT_NE(at, std::string::npos);
  if (std::getenv("LECTERN_WRITE_PROTOCOL")) std::ofstream(file) << document.substr(0, at) << marker << reference();
  else EXPECT_EQ(document.substr(at + marker.size()), reference());
}

}  // namespace
}  // namespace lectern::protocol
