// A recording's bands -> who speaks, for the flow (reference: models/s3gen/xvector.py, CAMPPlus). Member name =
// checkpoint key. Images are [1, channels, bands, time], signals [1, channels, time].
#pragma once

#include <vector>

#include "worker/chatterbox/s3gen/layers.h"

namespace lectern::chatterbox::enrolment {

struct BatchNorm {
  at::Tensor weight, bias, running_mean, running_var;  // weight and bias undefined: not affine
  BatchNorm(const s3gen::Place& place, int64_t channels, bool affine = true);
  at::Tensor forward(const at::Tensor& x) const;
};

struct BasicResBlock {
  at::Tensor conv1, conv2;
  BatchNorm bn1, bn2;
  at::Tensor shortcut_0;  // undefined: the input itself
  std::vector<BatchNorm> shortcut_1;
  int64_t stride;  // over the bands
  BasicResBlock(const s3gen::Place& place, int64_t stride);
  at::Tensor forward(const at::Tensor& x) const;
};

struct FCM {
  at::Tensor conv1;
  BatchNorm bn1;
  std::vector<BasicResBlock> layer1, layer2;
  at::Tensor conv2;
  BatchNorm bn2;
  explicit FCM(const s3gen::Place& place);
  at::Tensor forward(const at::Tensor& bands) const;  // [1, 80, T] -> [1, 320, T]
};

struct CAMLayer {
  at::Tensor linear_local;
  s3gen::Conv1d linear1, linear2;
  int64_t dilation;
  CAMLayer(const s3gen::Place& place, int64_t dilation);
  at::Tensor forward(const at::Tensor& x) const;
};

struct CAMDenseTDNNLayer {
  BatchNorm nonlinear1;
  at::Tensor linear1;
  BatchNorm nonlinear2;
  CAMLayer cam_layer;
  CAMDenseTDNNLayer(const s3gen::Place& place, int64_t in, int64_t dilation);
  at::Tensor forward(const at::Tensor& x) const;
};

struct CAMDenseTDNNBlock {
  std::vector<CAMDenseTDNNLayer> tdnnd;  // tdnnd1, tdnnd2, ...
  BatchNorm transit_nonlinear;
  at::Tensor transit_linear;
  // The block and the transit behind it, which halves the channels.
  CAMDenseTDNNBlock(const s3gen::Place& xvector, int number, int64_t layers, int64_t in, int64_t dilation);
  at::Tensor forward(at::Tensor x) const;
};

// Immutable after loading; call inside c10::InferenceMode.
struct CAMPPlus {
  FCM head;
  at::Tensor tdnn_linear;
  BatchNorm tdnn_nonlinear;
  std::vector<CAMDenseTDNNBlock> blocks;
  BatchNorm out_nonlinear;
  at::Tensor dense_linear;
  BatchNorm dense_nonlinear;
  explicit CAMPPlus(const s3gen::Place& place);
  at::Tensor forward(const at::Tensor& fbank) const;  // [T, 80] -> [1, 192]
};

}  // namespace lectern::chatterbox::enrolment
