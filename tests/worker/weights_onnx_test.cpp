#include "tests/worker/weight_files.h"
#include "worker/weights/onnx_initializers.h"

namespace lectern::weights {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Onnx : public WeightFiles {
 protected:
  std::string refusal(const std::string& bytes) {
    const auto file = write("bad.onnx", bytes);
    const std::string text = fault_of([&] { OnnxInitializers reading(file); });
    EXPECT_THAT(text, HasSubstr(file.string()));
    return text;
  }
  template <typename Number>
  static std::vector<Number> values(const StoredTensor* tensor) {
    std::vector<Number> numbers(tensor->bytes.size() / sizeof(Number));
    std::memcpy(numbers.data(), tensor->bytes.data(), tensor->bytes.size());
    return numbers;
  }
};

TEST_F(Onnx, ReadsAllThreeFormsOfStorage) {
  const std::string floats = onnx_head("floats", onnx_float, {2}) + bytes_field(4, bytes_of<float>({0.5f, -3}));
  const OnnxInitializers file(write("good.onnx", onnx_file({onnx_raw<float>("raw", onnx_float, {1, 2}, {1, 2}), floats,
                                                            onnx_packed("packed", onnx_int8, {3}, {-128, 0, 127}),
                                                            onnx_packed("scalar", onnx_uint8, {}, {200})})));
  EXPECT_THAT(values<float>(file.find("raw")), ElementsAre(1, 2));
  EXPECT_THAT(file.find("raw")->shape, ElementsAre(1, 2));
  EXPECT_THAT(values<float>(file.find("floats")), ElementsAre(0.5f, -3));
  EXPECT_THAT(values<std::int8_t>(file.find("packed")), ElementsAre(-128, 0, 127));
  EXPECT_THAT(values<std::uint8_t>(file.find("scalar")), ElementsAre(200));
  EXPECT_TRUE(file.find("scalar")->shape.empty());
  EXPECT_EQ(file.find("none"), nullptr);
}

TEST_F(Onnx, RefusesEveryTruncation) {
  const std::string whole =
      onnx_file({onnx_raw<float>("raw", onnx_float, {2}, {1, 2}), onnx_packed("packed", onnx_int8, {2}, {-1, 1})});
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto file = write("cut.onnx", whole.substr(0, length));
    EXPECT_THROW(OnnxInitializers reading(file), Fault) << length;
  }
}

TEST_F(Onnx, NamesATensorWhoseShapeDoesNotFillItsBytes) {
  EXPECT_THAT(refusal(onnx_file({onnx_raw<float>("weight", onnx_float, {3}, {1, 2})})),
              AllOf(HasSubstr("'weight'"), HasSubstr("[3] of float32")));
}

TEST_F(Onnx, RefusesANegativeOrOverflowingShape) {
  EXPECT_THAT(refusal(onnx_file({onnx_raw<float>("weight", onnx_float, {~0ull}, {1})})), HasSubstr("'weight'"));
  EXPECT_THAT(refusal(onnx_file({onnx_raw<float>("weight", onnx_float, {1ull << 40, 1ull << 40}, {1})})),
              HasSubstr("'weight'"));
}

TEST_F(Onnx, RefusesANameThatStandsTwice) {
  const std::string tensor = onnx_raw<float>("weight", onnx_float, {1}, {1});
  EXPECT_THAT(refusal(onnx_file({tensor, tensor})), AllOf(HasSubstr("'weight'"), HasSubstr("twice")));
}

TEST_F(Onnx, RefusesWeightsInAnotherFile) {
  EXPECT_THAT(refusal(onnx_file({onnx_head("weight", onnx_float, {1}) + number_field(14, 1)})),
              HasSubstr("another file"));
}

TEST_F(Onnx, RefusesALengthBeyondTheFile) {
  EXPECT_THAT(refusal(number_field(1, 9) + varint((7 << 3) | 2) + varint(1ull << 50)), HasSubstr("early"));
}

TEST_F(Onnx, RefusesWhatIsNoModel) {
  EXPECT_THAT(refusal(""), HasSubstr("no tensors"));
  refusal("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 92361116\n");
  refusal(std::string(100, '\xFF'));
}

}  // namespace
}  // namespace lectern::weights
