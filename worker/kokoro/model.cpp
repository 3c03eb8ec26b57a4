#include "worker/kokoro/model.h"

#include <c10/core/InferenceMode.h>

#include "worker/kokoro/checkpoint.h"

namespace lectern::kokoro {

KModel::KModel(weights::State& state)
    : bert(state / "bert"),
      bert_encoder(state / "bert_encoder", 768, 512),
      predictor(state / "predictor"),
      text_encoder(state / "text_encoder"),
      decoder(state / "decoder") {}

std::unique_ptr<const KModel> KModel::load(const std::filesystem::path& folder, at::Device device,
                                           at::ScalarType vocoder) {
  const c10::InferenceMode inference;
  const auto source = open_checkpoint(folder);
  weights::State state(*source, device);
  auto model = std::make_unique<KModel>(state);
  state.finish();
  if (vocoder != at::kFloat) {
    for (auto& block : model->decoder.generator.noise_res) block.convert(vocoder);
    for (auto& block : model->decoder.generator.resblocks) block.convert(vocoder);
  }
  return model;
}

KModel::Output KModel::forward(const std::vector<int64_t>& ids, const at::Tensor& ref_s, double speed,
                               std::uint64_t noise_seed, const Watcher& watch) const {
  const at::Tensor input_ids = at::tensor(ids, at::kLong).unsqueeze(0).to(device());
  const at::Tensor decoder_style = ref_s.slice(1, 0, 128), style = ref_s.slice(1, 128);

  const at::Tensor bert_dur = bert.forward(input_ids);
  watch("bert", bert_dur);
  const at::Tensor d_en = bert_encoder.forward(bert_dur).transpose(1, 2);
  watch("d_en", d_en);
  const at::Tensor d = predictor.text_encoder.forward(d_en, style);
  watch("d", d);
  const at::Tensor duration = predictor.duration(d, speed);
  watch("duration", duration);
  const at::Tensor pred_dur = at::round(duration).clamp_min_(1).to(at::kLong).squeeze(0);
  watch("pred_dur", pred_dur);

  // Each phoneme is repeated for as many frames as it lasts.
  const at::Tensor frames = at::repeat_interleave(pred_dur);  // [F]: the phoneme that frame belongs to
  const at::Tensor en = d.index_select(1, frames).transpose(1, 2);
  watch("en", en);
  const auto [F0, N] = predictor.F0Ntrain(en, style);
  watch("F0", F0);
  watch("N", N);
  const at::Tensor t_en = text_encoder.forward(input_ids);
  watch("t_en", t_en);
  const at::Tensor asr = t_en.index_select(2, frames);
  watch("asr", asr);
  const at::Tensor audio = decoder.forward(asr, F0, N, decoder_style, noise_seed, watch);
  return {audio.squeeze(0), pred_dur.to(at::kCPU)};
}

}  // namespace lectern::kokoro
