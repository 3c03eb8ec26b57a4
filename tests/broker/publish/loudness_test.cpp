// How loud finished works are: measured again by ebur128 from the decoded files.
#include "broker/publish/loudness.h"

#include <random>

#include "broker/publish/limiter.h"
#include "broker/publish/trim.h"
#include "tests/broker/publish/studio.h"

namespace lectern::publish {
namespace {

// As a voice is: syllables of harmonics, with peaks far above the average.
Samples voice(double seconds, double amplitude, unsigned seed = 1, int rate = kRate) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> level(0.3, 1);
  Samples samples(static_cast<std::size_t>(seconds * rate));
  double phase = seed, loud = 1, most = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double t = static_cast<double>(i) / rate;
    if (i % (static_cast<std::size_t>(rate) / 4) == 0) loud = level(random);
    phase += 2 * std::numbers::pi * (110 + 20 * std::sin(3 * t)) / rate;
    double sum = 0;
    for (int harmonic = 1; harmonic <= 20; ++harmonic) sum += std::sin(harmonic * phase + harmonic * harmonic) / harmonic;
    samples[i] = static_cast<float>(loud * std::max(0.0, std::sin(2 * std::numbers::pi * 4 * t)) * sum);
    most = std::max(most, std::abs(static_cast<double>(samples[i])));
  }
  for (float& sample : samples) sample *= static_cast<float>(amplitude / most);
  return samples;
}

// All of it measured by ebur128 itself, without our shortcuts.
Loudness measured_whole(const Samples& samples, int rate = kRate) {
  ebur128_state* state = ebur128_init(1, static_cast<unsigned long>(rate),
                                      EBUR128_MODE_I | EBUR128_MODE_LRA | EBUR128_MODE_TRUE_PEAK);
  ebur128_add_frames_float(state, samples.data(), samples.size());
  const std::vector<float> zeros(64, 0.f);
  double peak = 0;
  Loudness result;
  ebur128_loudness_global(state, &result.integrated_lufs);
  ebur128_loudness_range(state, &result.range_lu);
  ebur128_add_frames_float(state, zeros.data(), zeros.size());
  ebur128_true_peak(state, 0, &peak);
  result.true_peak_db = to_db(peak);
  double energy = 0;
  for (const float sample : samples) energy += static_cast<double>(sample) * sample;
  result.rms_db = to_db(std::sqrt(energy / static_cast<double>(samples.size())));
  ebur128_destroy(&state);
  return result;
}

Loudness measured_in(const Samples& samples, std::size_t at_once, int rate = kRate) {
  Meter meter(rate, Meter::Scope::all);
  for (auto rest = std::span(samples); !rest.empty();) {
    const auto part = rest.first(std::min(rest.size(), at_once));
    meter.add(part);
    rest = rest.subspan(part.size());
  }
  return meter.result();
}

TEST(Meter, TellsTheFiguresOfAKnownTone) {
  Samples sound = tone(997, 10, from_db(-20));
  fade_edges(sound, kRate);  // a jump at the edge would be a peak of its own
  Meter meter(kRate, Meter::Scope::all);
  meter.add(sound);
  meter.add_silence(2 * kRate);
  const Loudness loudness = meter.result();
  EXPECT_NEAR(loudness.integrated_lufs, -23, 0.1) << "one channel at -20 dBFS, by ITU-R BS.1770";
  EXPECT_NEAR(loudness.true_peak_db, -20, 0.1);
  EXPECT_NEAR(loudness.rms_db, -23.01 + 10 * std::log10(10.0 / 12), 0.01);
  EXPECT_EQ(loudness.noise_floor_db, kSilence_db);
  EXPECT_NEAR(measured_in(tone(997, 3, from_db(-20)) + tone(400, 1, from_db(-50)), 999).noise_floor_db, -53, 0.1);
}

TEST(Meter, FindsTheTruePeakThoughItLooksOnlyWhereItMayBe) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> noise(-1, 1);
    Samples samples;
    for (int burst = 0; burst < 40; ++burst) {
      const float level = std::pow(10.f, noise(random) * 2 - 2);
      for (int i = 0; i < 100 + static_cast<int>(random() % 700); ++i) samples.push_back(level * noise(random));
    }
    const double expected = measured_whole(samples).true_peak_db;
    for (const std::size_t at_once : {1ul, 100ul, 256ul, 8192ul})
      EXPECT_NEAR(measured_in(samples, at_once).true_peak_db, expected, 0.01) << seed << ", " << at_once;
  }
}

TEST(Meter, OfSilenceTellsSilence) {
  const Loudness loudness = measured_in(silence(3), 1000);
  for (const double figure :
       {loudness.integrated_lufs, loudness.true_peak_db, loudness.rms_db, loudness.noise_floor_db})
    EXPECT_EQ(figure, kSilence_db);
  EXPECT_EQ(Meter(kRate, Meter::Scope::all).result().rms_db, kSilence_db) << "nothing came";
}

Samples limited(const Samples& samples, double ceiling, std::size_t at_once, double* least = nullptr, int rate = kRate) {
  Samples out;
  Limiter limiter(rate, ceiling, [&](std::span<const float> part) { out.insert(out.end(), part.begin(), part.end()); });
  for (auto rest = std::span(samples); !rest.empty();) {
    const auto part = rest.first(std::min(rest.size(), at_once));
    limiter.write(part);
    rest = rest.subspan(part.size());
  }
  limiter.finish();
  if (least) *least = limiter.least_gain();
  return out;
}

TEST(Limiter, PassesWhatIsBelowItsCeilingToTheBit) {
  const Samples samples = voice(3, 0.4);
  for (const std::size_t at_once : {1ul, 17ul, 5000ul}) EXPECT_EQ(limited(samples, 0.6, at_once), samples) << at_once;
  EXPECT_TRUE(limited({}, 0.5, 10).empty());
  EXPECT_EQ(limited({0.1f}, 0.5, 10), Samples{0.1f});
}

TEST(Limiter, KeepsTheTruePeakBelowItsCeilingAndEveryLength) {
  for (const int rate : {8000, 24000, 44100})
    for (const double amplitude : {0.6, 1.0, 4.0, 30.0}) {
      double least = 1;
      const Samples samples = voice(2, amplitude, 3, rate);
      const Samples out = limited(samples, 0.5, 1000, &least, rate);
      ASSERT_EQ(out.size(), samples.size());
      EXPECT_LE(measured_whole(out, rate).true_peak_db, to_db(0.5) + 0.15) << rate << " Hz, " << amplitude;
      EXPECT_NEAR(least, 0.5 / amplitude, 0.2 * 0.5 / amplitude) << rate << " Hz, " << amplitude;
      EXPECT_EQ(limited(samples, 0.5, 37, nullptr, rate), out) << "the same in other pieces";
    }
}

TEST(Limiter, CatchesAPeakThatStandsBetweenTwoSamples) {
  Samples samples(kRate);
  for (std::size_t i = 0; i < samples.size(); ++i)  // a quarter of the rate, sampled away from its peaks: 3 dB lower
    samples[i] = static_cast<float>(0.68 * std::sin(std::numbers::pi / 2 * static_cast<double>(i) + std::numbers::pi / 4));
  ASSERT_LT(peak_of(samples), 0.49);
  EXPECT_LE(measured_whole(limited(samples, 0.5, 1000)).true_peak_db, to_db(0.5) + 0.15);
}

TEST(Limiter, ChangesItsGainWithoutAStep) {
  Samples samples = tone(200, 1, 0.3);
  for (std::size_t i = 12000; i < 12003; ++i) samples[i] = 1;
  const Samples out = limited(samples, 0.5, 512);
  EXPECT_LT(peak_of(out), 0.501);
  double last = 1;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (std::abs(samples[i]) < 0.05) continue;
    const double gain = out[i] / samples[i];
    ASSERT_LT(std::abs(gain - last), 0.06) << i;
    last = gain;
  }
  EXPECT_NEAR(out.back() / samples.back(), 1, 5e-3) << "and it comes back";
  for (std::size_t i = 0; i < 11800; ++i) ASSERT_EQ(out[i], samples[i]) << "long before the peak nothing changes";
}

class LoudWork : public Studio {
 protected:
  PublishRequest work(const std::string& preset, double amplitude, const std::string& format = "flac") {
    PublishRequest request = empty_request(format);
    request.delivery.loudness = preset;
    for (unsigned i = 0; i < 5; ++i)
      add(request, silence(0.2) + voice(3, amplitude * (i == 2 ? 0.5 : 1), i) + silence(0.3),
          i == 4 ? text::Break::end : i == 2 ? text::Break::chapter : text::Break::sentence);
    return request;
  }
};

TEST_F(LoudWork, EveryPresetIsReachedFromQuietAndFromLoudTakes) {
  for (const LoudnessPreset& preset : loudness_presets())
    for (const double amplitude : {0.02, 0.2, 1.0})
      for (const std::string& format : {std::string("flac"), std::string("mp3")}) {
        const PublishRequest request = work(preset.name, amplitude, format);
        const Published published = run(request);
        const Loudness loudness = measured_whole(read_sound(published.audio).samples);
        const std::string what = preset.name + " from " + std::to_string(amplitude) + " as " + format;
        const double value = preset.by_rms ? loudness.rms_db : loudness.integrated_lufs;
        EXPECT_GE(value, preset.low - 0.1) << what;
        EXPECT_LE(value, preset.high + 0.1) << what;
        EXPECT_LE(loudness.true_peak_db, preset.true_peak_db + (format == "mp3" ? 0.5 : 0.02)) << what;
        const auto told = read_json(published.sidecar)["loudness"];
        EXPECT_EQ(told["preset"], preset.name);
        EXPECT_TRUE(told["misses"].empty()) << what << told;
        const double near = format == "mp3" ? 0.3 : 0.11;  // figures have one decimal
        EXPECT_NEAR(told["integrated_lufs"], loudness.integrated_lufs, near) << what;
        EXPECT_NEAR(told["rms_db"], loudness.rms_db, near) << what;
        EXPECT_NEAR(told["range_lu"], loudness.range_lu, 0.3) << what;
        if (format == "flac") {
          EXPECT_NEAR(told["true_peak_dbtp"], loudness.true_peak_db, 0.11) << what;
        }
        EXPECT_LE(told["noise_floor_db"].get<double>(), -60) << what;
        fs::remove(published.audio);
        fs::remove(published.sidecar);
      }
}

TEST_F(LoudWork, OneGainHoldsForTheWholeWork) {
  const PublishRequest request = work("broadcast", 0.1);
  const Published published = run(request);
  const auto sidecar = read_json(published.sidecar);
  EXPECT_EQ(sidecar["loudness"]["limited_db"], 0.0);
  const double gain = sidecar["gain"];
  const Sound sound = read_sound(published.audio);
  for (std::size_t i = 0; i < request.segments.size(); ++i) {
    const Samples take = read_take(takes, request.segments[i].take_key).samples;
    const Speech speech = find_speech(take, kRate);
    const auto start = static_cast<std::size_t>(std::llround(double(sidecar["segments"][i]["start_s"]) * kRate));
    for (std::size_t n = kRate / 100; n + kRate / 100 < speech.frames; n += 97)
      ASSERT_NEAR(sound.samples[start + n], take[speech.begin + n] * gain, 2e-6) << i;
  }
}

TEST_F(LoudWork, PausesStaySilentAndWhatIsAllButSilentIsNotAmplified) {
  PublishRequest request = work("podcast", 0.02);
  const Published published = run(request);
  const Sound sound = read_sound(published.audio);
  const auto segment = read_json(published.sidecar)["segments"][2];
  const auto pause = static_cast<std::size_t>((double(segment["start_s"]) + double(segment["duration_s"])) * kRate);
  for (std::size_t i = pause + 20; i < pause + 2 * kRate - 20; ++i) ASSERT_EQ(sound.samples[i], 0.f) << i;

  request = empty_request();
  request.target = out / "hiss.flac";
  request.delivery.loudness = "podcast";
  std::mt19937 random(1);
  std::uniform_real_distribution<float> noise(-0.0011f, 0.0011f);
  Samples hiss(kRate);
  for (float& sample : hiss) sample = noise(random);
  add(request, hiss, text::Break::end);
  const Published quiet = run(request);
  const auto told = read_json(quiet.sidecar)["loudness"];
  EXPECT_EQ(told["gain_db"], 0.0);
  EXPECT_EQ(told["misses"].size(), 1u) << told;
}

TEST_F(LoudWork, AWorkShorterThanABlockIsLevelledToo) {
  PublishRequest request = empty_request();
  request.delivery.loudness = "podcast";
  request.pauses.end = 0;
  add(request, voice(0.25, 0.05), text::Break::end);
  const Published published = run(request);
  EXPECT_GT(published.peak, 0.1);
  EXPECT_LT(published.peak, 0.9);
}

TEST_F(LoudWork, WhatCannotBeReachedIsSaid) {
  PublishRequest request = empty_request();
  request.delivery.loudness = "audiobook";
  request.pauses.end = 0;
  add(request, voice(3, 0.3) + tone(300, 0.1, 0.01), text::Break::sentence);
  const auto told = read_json(run(request).sidecar)["loudness"];
  EXPECT_TRUE(told["misses"].empty() || told["misses"][0].get<std::string>().find("noise floor") != std::string::npos);
  const LoudnessPreset& audiobook = *find_preset("audiobook");
  Loudness loud;
  loud.rms_db = -10, loud.true_peak_db = -1, loud.noise_floor_db = -40;
  EXPECT_EQ(misses(audiobook, loud).size(), 3u);
  EXPECT_NE(misses(audiobook, loud)[0].find("RMS is -10.0 dB, not -23.0 to -18.0"), std::string::npos)
      << misses(audiobook, loud)[0];
}

TEST(LoudnessPresets, AreThoseThatTheSettingsOffer) {
  for (const DeliveryField& field : delivery_fields())
    if (field.key == std::string("loudness")) {
      for (const std::string& name : field.choices) EXPECT_EQ(find_preset(name) == nullptr, name == "none") << name;
    }
  EXPECT_EQ(find_preset(""), nullptr);
  EXPECT_EQ(fault_of([] { find_preset("loud"); }).exit(), Exit::bad_input);
}

}  // namespace
}  // namespace lectern::publish
