#include "worker/chatterbox/s3gen/attention.h"

#include <cmath>

#include "worker/chatterbox/s3gen/multi_head.h"

namespace lectern::chatterbox::s3gen {

RelPositionMultiHeadedAttention::RelPositionMultiHeadedAttention(const Place& place, int64_t channels, int64_t heads)
    : heads_(heads),
      linear_qkv_(
          joined(place, {Linear(place / "linear_q", channels, channels), Linear(place / "linear_k", channels, channels),
                         Linear(place / "linear_v", channels, channels)})),
      pos_bias_u_(place.tensor("pos_bias_u", {heads, channels / heads}).view({1, 1, heads, -1})),
      pos_bias_v_(place.tensor("pos_bias_v", {heads, channels / heads}).view({1, 1, heads, -1})),
      positions_(std::make_unique<ProjectedPositions>(
          Linear(place / "linear_pos", channels, channels, /*with_bias=*/false), heads)),
      linear_out_(place / "linear_out", channels, channels) {}

at::Tensor RelPositionMultiHeadedAttention::forward(const at::Tensor& x, const at::Tensor& mask) const {
  const int64_t width = x.size(2) / heads_;
  const auto qkv = linear_qkv_.forward(x).view({x.size(0), x.size(1), 3, heads_, width}).unbind(2);
  const double scale = 1 / std::sqrt(double(width));
  const auto by_head = [](const at::Tensor& t) { return t.transpose(1, 2); };
  const Heads heads{by_head((qkv[0] + pos_bias_u_).mul_(scale)), by_head(qkv[1]), by_head(qkv[2])};
  const PositionTerm position{by_head((qkv[0] + pos_bias_v_).mul_(scale)), positions_->of_length(x.size(1))};
  return linear_out_.forward(attend(heads, position, mask));
}

}  // namespace lectern::chatterbox::s3gen
