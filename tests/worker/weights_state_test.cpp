#include "worker/weights/state.h"

#include <cmath>
#include <map>

#include "tests/worker/weight_files.h"
#include "worker/weights/safetensors.h"

namespace lectern::weights {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Tensors : public TensorSource {
 public:
  explicit Tensors(std::map<std::string, at::Tensor> tensors) : tensors_(std::move(tensors)) {}
  const std::filesystem::path& path() const override { return path_; }
  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : tensors_) names.push_back(name);
    return names;
  }
  at::Tensor read(const std::string& name) const override {
    const auto found = tensors_.find(name);
    return found == tensors_.end() ? at::Tensor() : found->second;
  }

 private:
  std::filesystem::path path_ = "model.safetensors";
  std::map<std::string, at::Tensor> tensors_;
};

TEST(State, GivesTensorsByTheirPlaceInTheTree) {
  const Tensors source({{"decoder.ups.0.weight", at::ones({2, 3})}});
  State state(source, at::kCPU);
  EXPECT_TRUE((state / "decoder" / "ups" / 0).tensor("weight", {2, 3}).equal(at::ones({2, 3})));
  EXPECT_NO_THROW(state.finish());
}

TEST(State, TellsEverythingThatDoesNotFitAtOnce) {
  const Tensors source({{"a", at::ones({2})},
                        {"b", at::ones({3})},
                        {"extra", at::ones({1})},
                        {"more", at::ones({1})},
                        {"whole", at::ones({1}, at::kInt)}});
  State state(source, at::kCPU);
  EXPECT_EQ(state.tensor("b", {4, 4}).sizes(), at::IntArrayRef({4, 4}));
  state.tensor("a", {2});
  state.tensor("c", {5, 6});
  state.tensor("d", {7});
  state.tensor("whole", {1});
  const std::string text = fault_of([&] { state.finish(); });
  EXPECT_THAT(text, AllOf(HasSubstr("model.safetensors"), HasSubstr("2 missing"), HasSubstr("c [5, 6]"),
                          HasSubstr("d [7]"), HasSubstr("2 of the wrong shape"), HasSubstr("b: [3] instead of [4, 4]"),
                          HasSubstr("whole: [1] of whole numbers"), HasSubstr("2 unexpected"), HasSubstr("extra"),
                          HasSubstr("more")));
  EXPECT_THAT(text, Not(HasSubstr("  a")));
}

TEST(State, TellsOfEveryTensorThatHoldsMoreThanNumbers) {
  const auto holding = [](double value, at::ScalarType type) {
    at::Tensor tensor = at::ones({1001}, type);
    tensor[1000] = value;
    return tensor;
  };
  const Tensors source({{"fine", holding(3.4e38, at::kFloat)},
                        {"nan", holding(std::nan(""), at::kFloat)},
                        {"infinite", holding(-INFINITY, at::kBFloat16)},
                        {"half", holding(std::nan(""), at::kHalf)},
                        {"huge", holding(1e300, at::kDouble)},
                        {"summed", at::ones({1})}});
  State state(source, at::kCPU);
  for (const char* name : {"fine", "nan", "infinite", "half", "huge"}) state.tensor(name, {1001});
  state.view("summed", {1});
  state.check_finite("summed", std::nan(""));
  const std::string text = fault_of([&] { state.finish(); });
  EXPECT_THAT(
      text, AllOf(HasSubstr("model.safetensors is damaged"), HasSubstr("5 with values that are not finite"),
                  HasSubstr("nan"), HasSubstr("infinite"), HasSubstr("half"), HasSubstr("huge"), HasSubstr("summed")));
  EXPECT_THAT(text, Not(HasSubstr("    fine")));
}

TEST(State, RefusesANetworkThatAsksTwice) {
  const Tensors source({{"a", at::ones({1})}});
  State state(source, at::kCPU);
  state.tensor("a", {1});
  EXPECT_THROW(state.tensor("a", {1}), Fault);
}

TEST(State, WidensHalfPrecisionToFloat32) {
  const Tensors source({{"half", at::full({2}, 1.5, at::kHalf)}, {"brain", at::full({2}, -2.5, at::kBFloat16)}});
  State state(source, at::kCPU);
  EXPECT_TRUE(state.tensor("half", {2}).equal(at::full({2}, 1.5f)));
  EXPECT_TRUE(state.tensor("brain", {2}).equal(at::full({2}, -2.5f)));
}

using StoredViews = WeightFiles;

TEST_F(StoredViews, OutliveTheFileObjectAlsoWhenMisaligned) {
  const std::string header = R"({"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},
                                 "b":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}})";
  const auto path = write("odd.safetensors", safetensors(header, "x" + bytes_of<float>({3, 4})));
  at::Tensor a, b;
  {
    const SafetensorsFile file(path);
    a = view_of(file.tensor("a"), "a", file.mapping());
    b = view_of(file.tensor("b"), "b", file.mapping());
  }
  EXPECT_EQ(a.item<int>(), 'x');
  EXPECT_TRUE(b.equal(at::tensor({3.f, 4.f})));
}

}  // namespace
}  // namespace lectern::weights
