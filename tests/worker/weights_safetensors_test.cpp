#include "worker/weights/safetensors.h"

#include "tests/worker/weight_files.h"

namespace lectern::weights {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Safetensors : public WeightFiles {
 protected:
  std::string refusal(const std::string& header, const std::string& data) {
    const auto file = write("bad.safetensors", safetensors(header, data));
    const std::string text = fault_of([&] { SafetensorsFile reading(file); });
    EXPECT_THAT(text, HasSubstr(file.string()));
    return text;
  }
};

constexpr char kTwo[] = R"({"__metadata__":{"text":"hello"},
  "a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"I8","shape":[2,2],"data_offsets":[8,12]}})";

TEST_F(Safetensors, HandsOutWhatTheFileHolds) {
  const SafetensorsFile file(
      write("good.safetensors", safetensors(kTwo, bytes_of<float>({1.5f, -2}) + "\x01\x02\x03\x04")));
  EXPECT_EQ(file.metadata().at("text"), "hello");
  EXPECT_EQ(file.tensors().size(), 2u);
  const StoredTensor& a = file.tensor("a");
  EXPECT_EQ(a.type, ElementType::float32);
  float values[2];
  std::memcpy(values, a.bytes.data(), a.bytes.size());
  EXPECT_THAT(values, ElementsAre(1.5f, -2));
  EXPECT_THAT(file.tensor("b").shape, ElementsAre(2, 2));
}

TEST_F(Safetensors, NamesATensorThatIsNotThere) {
  const SafetensorsFile file(write("good.safetensors", safetensors(kTwo, std::string(12, '\0'))));
  EXPECT_THAT(fault_of([&] { file.tensor("c"); }), HasSubstr("'c'"));
}

TEST_F(Safetensors, RefusesAMissingFile) {
  EXPECT_THAT(fault_of([&] { SafetensorsFile reading(folder_ / "none"); }), HasSubstr("none"));
}

TEST_F(Safetensors, RefusesEveryTruncation) {
  const std::string whole = safetensors(kTwo, std::string(12, '\0'));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto file = write("cut.safetensors", whole.substr(0, length));
    EXPECT_THROW(SafetensorsFile reading(file), Fault) << length;
  }
}

TEST_F(Safetensors, RefusesAHeaderLongerThanTheFile) {
  const auto file = write("bad", bytes_of<std::uint64_t>({1ull << 60}) + "{}");
  EXPECT_THAT(fault_of([&] { SafetensorsFile reading(file); }), HasSubstr("header"));
}

TEST_F(Safetensors, RefusesAHeaderLongerThanTheFormatAllowsUnread) {
  const auto file = write("huge", bytes_of<std::uint64_t>({150'000'000}) + "{");
  std::filesystem::resize_file(file, 160'000'000);  // a hole
  EXPECT_THAT(fault_of([&] { SafetensorsFile reading(file); }),
              AllOf(HasSubstr(file.string()), HasSubstr("150000000 bytes, the format allows 100000000")));
}

TEST_F(Safetensors, RefusesAHeaderThatIsNotJson) { EXPECT_THAT(refusal("{\"a\":", ""), HasSubstr("JSON")); }

TEST_F(Safetensors, RefusesDeeplyNestedJson) {
  EXPECT_THAT(refusal(std::string(1'000'000, '['), ""), HasSubstr("JSON"));
}

TEST_F(Safetensors, RefusesANameThatStandsTwice) {
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},
                          "a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                      "x"),
              HasSubstr("'a' twice"));
}

TEST_F(Safetensors, RefusesOffsetsOutsideTheFile) {
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}})", "12345678"),
              AllOf(HasSubstr("'a'"), HasSubstr("outside")));
}

TEST_F(Safetensors, RefusesOffsetsThatRunBackwards) {
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[2,1]}})", "12"), HasSubstr("'a'"));
}

TEST_F(Safetensors, RefusesTensorsThatOverlap) {
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},
                          "b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
                      "123"),
              AllOf(HasSubstr("'b'"), HasSubstr("overlaps")));
}

TEST_F(Safetensors, RefusesAGapBetweenTensors) {
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},
                          "b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
                      "123"),
              AllOf(HasSubstr("'b'"), HasSubstr("gap")));
}

TEST_F(Safetensors, RefusesBytesThatBelongToNoTensor) {
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "123"), HasSubstr("2 bytes"));
}

TEST_F(Safetensors, RefusesAShapeThatDoesNotFillItsBytes) {
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", "12345678"),
              AllOf(HasSubstr("'a'"), HasSubstr("[3] of float32")));
}

TEST_F(Safetensors, RefusesAShapeWhoseProductOverflows) {
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", ""),
              HasSubstr("'a'"));
}

TEST_F(Safetensors, RefusesAnUnknownElementType) {
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F8","shape":[1],"data_offsets":[0,1]}})", "x"),
              AllOf(HasSubstr("'a'"), HasSubstr("F8")));
}

TEST_F(Safetensors, RefusesNegativeAndFractionalNumbers) {
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", "x"), HasSubstr("'a'"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1.0]}})", "x"), HasSubstr("'a'"));
}

TEST_F(Safetensors, RefusesAnEntryOfAnotherForm) {
  for (const char* entry :
       {"1", "[]", "{}", R"({"dtype":"U8","shape":1,"data_offsets":[0,1]})",
        R"({"dtype":1,"shape":[1],"data_offsets":[0,1]})", R"({"dtype":"U8","shape":[1],"data_offsets":[0]})"}) {
    EXPECT_THAT(refusal(std::string("{\"a\":") + entry + "}", "x"), HasSubstr("'a'")) << entry;
  }
  EXPECT_THAT(refusal("[]", ""), HasSubstr("object"));
  EXPECT_THAT(refusal(R"({"__metadata__":{"k":1}})", ""), HasSubstr("'k'"));
}

}  // namespace
}  // namespace lectern::weights
