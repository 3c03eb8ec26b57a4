#include "worker/kokoro/checkpoint.h"

#include <ATen/ATen.h>

#include "tests/worker/weight_files.h"
#include "worker/kokoro/model.h"

namespace lectern::kokoro {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using weights::bytes_of;
using weights::fault_of;
using weights::onnx_file;
using weights::onnx_float;
using weights::onnx_int8;
using weights::onnx_packed;
using weights::onnx_raw;
using weights::onnx_uint8;

using OnnxCheckpoint = weights::WeightFiles;
using SafetensorsCheckpoint = weights::WeightFiles;
using Checkpoint = weights::WeightFiles;

TEST_F(OnnxCheckpoint, CopiesTensorsFromBehindTheirRoot) {
  const auto source = open_onnx_checkpoint(
      write("k.onnx", onnx_file({onnx_raw<float>("encoder.bert_encoder.bias", onnx_float, {2}, {1, 2}),
                                 onnx_raw<float>("decoder.decoder.N_conv.bias", onnx_float, {1}, {3})})));
  EXPECT_TRUE(source->read("bert_encoder.bias").equal(at::tensor({1.f, 2.f})));
  EXPECT_TRUE(source->read("decoder.N_conv.bias").equal(at::tensor({3.f})));
  EXPECT_FALSE(source->read("decoder.F0_conv.bias").defined());
}

TEST_F(OnnxCheckpoint, DequantisesConvolutionsWithTheZeroPointOfAnotherTensor) {
  const std::string stored = "/decoder/decoder/decode.0/Mul_output_0";
  const auto source = open_onnx_checkpoint(write(
      "k.onnx", onnx_file({onnx_raw<std::uint8_t>(stored + "_quantized", onnx_uint8, {1, 1, 3}, {0, 130, 255}),
                           onnx_raw<float>(stored + "_scale", onnx_float, {}, {0.5f}),
                           onnx_packed(stored + "_zero_point", onnx_uint8, {}, {1}),
                           onnx_packed("/decoder/decoder/encode/Mul_output_0_zero_point", onnx_uint8, {}, {130})})));
  EXPECT_TRUE(source->read("decoder.decode.0.conv1.weight").equal(at::tensor({-65.f, 0.f, 62.5f}).view({1, 1, 3})));
}

TEST_F(OnnxCheckpoint, DequantisesLinearLayersByColumnAndTransposesThem) {
  const auto source = open_onnx_checkpoint(
      write("k.onnx",
            onnx_file({onnx_raw<std::int8_t>("onnx::MatMul_6704_quantized", onnx_int8, {3, 2}, {1, 2, 3, 4, -5, -6}),
                       onnx_raw<float>("onnx::MatMul_6704_scale", onnx_float, {2}, {2, 10}),
                       onnx_packed("decoder.decoder.generator.resblocks.1.adain2.2.fc.weight_zero_point", onnx_int8,
                                   {2}, {0, -1})})));
  EXPECT_TRUE(source->read("bert_encoder.weight").equal(at::tensor({2.f, 6.f, -10.f, 30.f, 50.f, -50.f}).view({2, 3})));
}

TEST_F(OnnxCheckpoint, PutsTheGatesOfAnLstmInOrderForBothDirections) {
  const auto source = open_onnx_checkpoint(write(
      "k.onnx",
      onnx_file({onnx_raw<std::int8_t>("onnx::LSTM_6884_quantized", onnx_int8, {2, 1, 4}, {1, 2, 3, 4, 5, 6, 7, 8}),
                 onnx_raw<float>("onnx::LSTM_6884_scale", onnx_float, {2}, {1, 10}),
                 onnx_packed("onnx::LSTM_6930_zero_point", onnx_int8, {2}, {0, 0}),
                 onnx_raw<float>("onnx::LSTM_6883", onnx_float, {2, 8},
                                 {1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 16, 17, 18})})));
  const auto column = [](std::vector<float> values) { return at::tensor(values).view({4, 1}); };
  EXPECT_TRUE(source->read("predictor.lstm.weight_ih_l0").equal(column({1, 3, 4, 2})));
  EXPECT_TRUE(source->read("predictor.lstm.weight_ih_l0_reverse").equal(column({50, 70, 80, 60})));
  EXPECT_TRUE(source->read("predictor.lstm.bias_ih_l0").equal(at::tensor({1.f, 3.f, 4.f, 2.f})));
  EXPECT_TRUE(source->read("predictor.lstm.bias_hh_l0").equal(at::tensor({5.f, 7.f, 8.f, 6.f})));
  EXPECT_TRUE(source->read("predictor.lstm.bias_hh_l0_reverse").equal(at::tensor({15.f, 17.f, 18.f, 16.f})));
}

TEST_F(OnnxCheckpoint, NamesATensorThatIsQuantisedInAnotherWay) {
  const auto source = open_onnx_checkpoint(write(
      "k.onnx", onnx_file({onnx_raw<std::int8_t>("onnx::MatMul_6704_quantized", onnx_int8, {3, 2}, {1, 2, 3, 4, 5, 6}),
                           onnx_raw<float>("onnx::MatMul_6704_scale", onnx_float, {3}, {1, 2, 3}),
                           onnx_packed("decoder.decoder.generator.resblocks.1.adain2.2.fc.weight_zero_point", onnx_int8,
                                       {2}, {0, 0})})));
  EXPECT_THAT(fault_of([&] { source->read("bert_encoder.weight"); }),
              AllOf(HasSubstr("k.onnx"), HasSubstr("MatMul_6704")));
}

struct Entry {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> values;
};

std::string float_file(const std::vector<Entry>& entries) {
  std::string header = "{", data;
  for (const Entry& entry : entries) {
    const std::string bytes = bytes_of(entry.values);
    header += (data.empty() ? "\"" : ",\"") + entry.name + R"(":{"dtype":"F32","shape":)" +
              weights::shape_text(entry.shape) + ",\"data_offsets\":[" + std::to_string(data.size()) + "," +
              std::to_string(data.size() + bytes.size()) + "]}";
    data += bytes;
  }
  return weights::safetensors(header + "}", data);
}

TEST_F(SafetensorsCheckpoint, FoldsBothSpellingsOfWeightNorm) {
  const auto source = open_safetensors_checkpoint(
      write("model.safetensors", float_file({{"a.weight_g", {2, 1, 1}, {10, 1}},
                                             {"a.weight_v", {2, 1, 2}, {3, 4, 0, 2}},
                                             {"b.parametrizations.weight.original0", {1, 1, 1}, {5}},
                                             {"b.parametrizations.weight.original1", {1, 1, 2}, {3, 4}}})));
  EXPECT_TRUE(source->read("a.weight").allclose(at::tensor({6.f, 8.f, 0.f, 1.f}).view({2, 1, 2})));
  EXPECT_TRUE(source->read("b.weight").allclose(at::tensor({3.f, 4.f}).view({1, 1, 2})));
  EXPECT_THAT(source->names(), ElementsAre("a.weight", "a.weight", "b.weight", "b.weight"));
}

TEST_F(SafetensorsCheckpoint, LeavesHalfOfAWeightNormUnexpected) {
  const auto source =
      open_safetensors_checkpoint(write("model.safetensors", float_file({{"a.weight_g", {1, 1, 1}, {1}}})));
  EXPECT_FALSE(source->read("a.weight").defined());
  EXPECT_THAT(source->names(), ElementsAre("a.weight_g"));
}

TEST_F(SafetensorsCheckpoint, DropsTheDataParallelPrefixAndWhatInferenceDoesNotUse) {
  const auto source = open_safetensors_checkpoint(
      write("model.safetensors", float_file({{"bert.module.embeddings.LayerNorm.bias", {1}, {7}},
                                             {"bert.module.pooler.weight", {1}, {1}},
                                             {"decoder.encode.norm1.norm.weight", {2}, {1, 1}},
                                             {"decoder.encode.norm1.norm.bias", {2}, {0, 0}}})));
  EXPECT_TRUE(source->read("bert.embeddings.LayerNorm.bias").equal(at::tensor({7.f})));
  EXPECT_THAT(source->names(), ElementsAre("bert.embeddings.LayerNorm.bias"));
}

TEST_F(SafetensorsCheckpoint, RefusesAnInstanceNormThatIsNotTheIdentity) {
  const auto file = write("model.safetensors", float_file({{"decoder.encode.norm1.norm.weight", {2}, {1, 2}}}));
  EXPECT_THAT(fault_of([&] { open_safetensors_checkpoint(file); }), HasSubstr("decoder.encode.norm1.norm.weight"));
}

TEST_F(Checkpoint, OfAFolderWithoutWeightsIsRefusedWithTheMend) {
  try {
    KModel::load(folder_, at::kCPU);
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.exit(), Exit::not_found);
    EXPECT_THAT(fault.what(), HasSubstr(folder_.string()));
    EXPECT_THAT(fault.hint(), HasSubstr("lectern model pull"));
  }
}

TEST_F(Checkpoint, OfAnotherModelIsRefusedWithEveryTensorAtOnce) {
  write("model.safetensors", float_file({{"bert_encoder.bias", {3}, {1, 2, 3}}, {"strange.weight", {1}, {1}}}));
  EXPECT_THAT(fault_of([&] { KModel::load(folder_, at::kCPU); }),
              AllOf(HasSubstr("456 missing"), HasSubstr("bert_encoder.weight [512, 768]"),
                    HasSubstr("decoder.generator.resblocks.5.convs2.2.weight [128, 128, 11]"),
                    HasSubstr("bert_encoder.bias: [3] instead of [512]"), HasSubstr("1 unexpected"),
                    HasSubstr("strange.weight")));
}

}  // namespace
}  // namespace lectern::kokoro
