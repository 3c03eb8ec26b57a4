#include "broker/publish/publisher.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/publish/sound_format.h"
#include "broker/publish/trim.h"
#include "config/file.h"
#include "config/seal.h"
#include "tests/broker/publish/studio.h"

namespace lectern::publish {
namespace {

using Publisher = Studio;

std::span<const float> part(const Sound& sound, double from, double seconds) {
  return std::span(sound.samples)
      .subspan(static_cast<std::size_t>(from * sound.info.samplerate),
               static_cast<std::size_t>(seconds * sound.info.samplerate));
}

class EveryFormat : public Studio, public testing::WithParamInterface<std::string> {};
INSTANTIATE_TEST_SUITE_P(, EveryFormat, testing::Values("wav", "flac", "ogg", "opus", "mp3"),
                         [](const auto& test) { return test.param; });

TEST_P(EveryFormat, HoldsEachTakeWhereTheSidecarSays) {
  PublishRequest request = three_tones(GetParam());
  request.facts = {
      {"title", "Die Gr\u00f6\u00dfe \u2013 \u4e2d"}, {"voice", "af_heart"}, {"model", {{"name", "kokoro-82m"}}}};
  const Published published = run(request);
  EXPECT_EQ(published.audio, request.target);
  const Sound sound = read_sound(published.audio);
  const auto sidecar = read_json(published.sidecar);
  EXPECT_EQ(sound.info.channels, 1);
  EXPECT_EQ(sound.info.samplerate, kRate);
  EXPECT_EQ(sound.samples.size(), static_cast<std::size_t>(sound.info.frames));

  double total = 0;
  const double pauses[] = {0.25, 0.6, 0.3};
  ASSERT_EQ(sidecar["segments"].size(), 3u);
  for (int i = 0; i < 3; ++i) {
    const auto& segment = sidecar["segments"][static_cast<std::size_t>(i)];
    const double start = segment["start_s"], speech = segment["duration_s"], pause = segment["pause_s"];
    EXPECT_DOUBLE_EQ(start, total);
    EXPECT_NEAR(speech, 0.5 + 0.1 * i + 0.06, 0.02);  // the tone, 30 ms on each side, up to 10 ms of the gate's frames
    EXPECT_DOUBLE_EQ(pause, pauses[i]);
    total += speech + pause;
    EXPECT_GT(share_of(400 * (i + 1), part(sound, start + 0.05, speech - 0.1)), 0.99);
    EXPECT_LT(peak_of(part(sound, start + speech + 0.03, pause - 0.06)), 0.01);
  }
  EXPECT_NEAR(static_cast<double>(sound.info.frames) / kRate, total, 1e-9);
  EXPECT_DOUBLE_EQ(published.seconds, total);
  EXPECT_DOUBLE_EQ(sidecar["seconds"], total);
  EXPECT_EQ(sound.title, "Die Gr\u00f6\u00dfe \u2013 \u4e2d");
  EXPECT_NE(sound.software.find(std::string("Lectern ") + LECTERN_VERSION), std::string::npos) << sound.software;
  EXPECT_EQ(sound.comment, "model kokoro-82m, voice af_heart");
  EXPECT_EQ(standing(), (std::set<std::string>{published.audio.filename().string(), "story.json"}));
}

TEST_F(Publisher, BeginsWithTheSilenceThatTheScriptAsksFor) {
  PublishRequest request = three_tones();
  request.delivery.loudness = "podcast";
  const double usual_s = run(request).seconds;
  request.leading_pause_s = 1.5;
  const Published published = run(request);
  const auto sidecar = read_json(published.sidecar);
  EXPECT_EQ(published.audio, request.target) << "the work as it is now takes the place of the earlier one";
  EXPECT_NEAR(published.seconds, usual_s + 1.5, 1e-6);
  EXPECT_EQ(sidecar["leading_pause_s"], 1.5);
  EXPECT_EQ(sidecar["segments"][0]["start_s"], 1.5);
  const Sound sound = read_sound(published.audio);
  EXPECT_EQ(static_cast<double>(sound.info.frames), std::round(published.seconds * kRate));
  EXPECT_EQ(peak_of(part(sound, 0, 1.4)), 0);
  EXPECT_GT(share_of(400, part(sound, 1.55, 0.4)), 0.99);
}

TEST_P(EveryFormat, NeverPassesFullScaleWhenReadBack) {
  PublishRequest request = empty_request(GetParam());
  Samples square = tone(300, 1);  // a codec rings at its edges
  for (float& sample : square) sample = sample > 0 ? 1.f : -1.f;
  add(request, square, text::Break::sentence);
  add(request, tone(500, 0.5, 0.25), text::Break::end);
  const Published published = run(request);
  const Sound sound = read_sound(published.audio);
  const auto sidecar = read_json(published.sidecar);
  EXPECT_LE(peak_of(sound.samples), 1.0);
  EXPECT_GT(peak_of(sound.samples), 0.6);
  const double gain = sidecar["gain"];
  EXPECT_LE(gain, 0.9901);
  EXPECT_NEAR(published.peak, gain, 1e-6);
  EXPECT_EQ(sidecar["peak"], published.peak);
  // one gain for all: the quiet segment keeps its distance
  const auto& second = sidecar["segments"][1];
  EXPECT_NEAR(peak_of(part(sound, double(second["start_s"]) + 0.1, 0.3)), 0.25 * gain, 0.02);
}

TEST_P(EveryFormat, KeepsEachLengthAtEachRateItTakes) {
  int held = 0;
  for (const int rate : {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000}) {
    SoundSettings settings;
    try {
      settings = sound_settings(GetParam(), rate, 0);
    } catch (const Fault&) {
      continue;
    }
    ++held;
    for (const std::size_t frames : {1, 2, 30, 240, 575, 576, 577, 1151, 1152, 1153, 4799, 4800, 8192, 8193, 50000}) {
      const Samples samples = tone(440, 10, 0.5, rate);
      StagedFile file(out / ".staged", out / "sound");
      SoundWriter writer(file, settings);
      writer.write(std::span(samples).first(frames));
      writer.close();
      const SoundFacts facts = read_facts(file.path(), true);
      EXPECT_EQ(facts.frames, static_cast<std::int64_t>(frames)) << rate << " Hz";
      EXPECT_EQ(facts.sample_rate_hz, rate);
      EXPECT_EQ(read_sound(file.path()).samples.size(), frames) << rate << " Hz";
    }
  }
  EXPECT_GE(held, 5);
}

TEST_F(Publisher, SidecarTellsAllThereIsToKnow) {
  PublishRequest request = three_tones();
  request.segments[1].spoken = "Gr\u00fc\u00dfe, \u201cWelt\u201d";
  request.segments[1].notes = {{"cut", true}};
  request.unspoken = {{9, 10, "white space"}, {19, 20, "rule"}};
  request.facts = {{"title", "T"}, {"settings", {{"speed", 1.1}}}};
  const Published published = run(request);
  const auto sidecar = read_json(published.sidecar);
  EXPECT_TRUE(seal_holds(read_file(published.sidecar)));
  EXPECT_EQ(sidecar["schema"], "lectern-sidecar");
  EXPECT_EQ(sidecar["version"], 1);
  EXPECT_EQ(sidecar["job_id"], "job-1");
  EXPECT_EQ(sidecar["audio"], "story.flac");
  EXPECT_EQ(sidecar["sha256"], sha256_file(published.audio));
  EXPECT_EQ(sidecar["bytes"], fs::file_size(published.audio));
  EXPECT_EQ(published.bytes, fs::file_size(published.audio));
  EXPECT_EQ(sidecar["format"], "flac");
  EXPECT_EQ(sidecar["sample_rate_hz"], kRate);
  EXPECT_EQ(sidecar["gain"], 1.0);
  EXPECT_NEAR(sidecar["peak"], 0.5, 1e-3);
  EXPECT_EQ(sidecar["facts"], request.facts);
  const auto& segment = sidecar["segments"][1];
  EXPECT_EQ(segment["index"], 1);
  EXPECT_EQ(segment["begin"], 10);
  EXPECT_EQ(segment["end"], 19);
  EXPECT_EQ(segment["text"], request.segments[1].spoken);
  EXPECT_EQ(segment["take"], request.segments[1].take_key);
  EXPECT_EQ(segment["seed"].get<std::uint64_t>(), request.segments[1].seed);
  EXPECT_EQ(segment["notes"]["cut"], true);
  EXPECT_EQ(sidecar["unspoken"][1]["reason"], "rule");
  EXPECT_EQ(sidecar["unspoken"][1]["begin"], 19);
  const std::string text = read_text(published.sidecar);
  EXPECT_NE(text.find("Gr\u00fc\u00dfe"), std::string::npos) << "UTF-8 is not escaped";
  EXPECT_LT(text.find("job_id"), text.find("segments"));
}

TEST_F(Publisher, FlacHoldsTheTakesToTheBit) {
  PublishRequest request = three_tones();
  const auto sidecar = read_json(run(request).sidecar);
  const Sound sound = read_sound(request.target);
  EXPECT_EQ(sound.info.format, SF_FORMAT_FLAC | SF_FORMAT_PCM_24);
  for (std::size_t i = 0; i < 3; ++i) {
    const Samples take = read_take(takes, request.segments[i].take_key).samples;
    const Speech speech = find_speech(take, kRate);
    const auto start = static_cast<std::size_t>(std::llround(double(sidecar["segments"][i]["start_s"]) * kRate));
    ASSERT_EQ(std::llround(double(sidecar["segments"][i]["duration_s"]) * kRate), speech.frames);
    for (std::size_t n = kRate / 100; n + kRate / 100 < speech.frames; ++n)  // between the fades
      ASSERT_EQ(sound.samples[start + n], take[speech.begin + n]);
  }
}

TEST_F(Publisher, EachBreakHasItsPause) {
  PublishRequest request = empty_request();
  request.pauses = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6};
  for (const text::Break after :
       {text::Break::clause, text::Break::sentence, text::Break::paragraph, text::Break::section, text::Break::chapter, text::Break::end})
    add(request, tone(440, 0.1), after);
  const auto sidecar = read_json(run(request).sidecar);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_DOUBLE_EQ(sidecar["segments"][i]["pause_s"], 0.1 * static_cast<double>(i + 1));
    EXPECT_DOUBLE_EQ(sidecar["segments"][i]["duration_s"], 0.1) << "nothing to trim";
  }
  EXPECT_NEAR(sidecar["seconds"], 2.7, 1e-9);
}

TEST_F(Publisher, StaysExactToTheSampleOverManySegments) {
  PublishRequest request = empty_request("wav");
  request.pauses.sentence = 1.0 / 7;
  add(request, tone(440, 0.0777), text::Break::sentence);
  const PublishedSegment one = request.segments[0];
  request.segments.assign(2000, one);
  const auto sidecar = read_json(run(request).sidecar);
  long long expected = 0;
  for (const auto& segment : sidecar["segments"]) {
    ASSERT_EQ(std::llround(double(segment["start_s"]) * kRate), expected);
    ASSERT_NEAR(double(segment["start_s"]) * kRate, static_cast<double>(expected), 1e-5);
    expected += std::llround(double(segment["duration_s"]) * kRate) + std::llround(double(segment["pause_s"]) * kRate);
  }
  EXPECT_EQ(read_sound(request.target).info.frames, expected);
}

TEST_F(Publisher, TrimsSilenceButKeepsSoftConsonants) {
  Samples hiss = tone(5000, 0.08, 0.006);  // an "f" 38 dB below the vowel
  const Samples take = silence(0.4) + hiss + tone(300, 0.5, 0.5) + hiss + silence(0.7);
  const Speech speech = find_speech(take, kRate);
  const double from = static_cast<double>(speech.begin) / kRate;
  const double to = static_cast<double>(speech.begin + speech.frames) / kRate;
  EXPECT_NEAR(from, 0.37, 0.0101);
  EXPECT_LE(from, 0.37 + 1e-9);
  EXPECT_NEAR(to, 0.4 + 0.66 + 0.03, 0.0101);
  EXPECT_GE(to, 0.4 + 0.66 + 0.03 - 1e-9);
}

TEST_F(Publisher, TrimsTheNoiseOfAQuietTakeRelativeToItsOwnPeak) {
  const Samples take = tone(700, 0.5, 0.00005) + tone(300, 0.5, 0.05) + tone(700, 0.5, 0.00005);
  const Speech speech = find_speech(take, kRate);
  EXPECT_NEAR(static_cast<double>(speech.frames) / kRate, 0.56, 0.021);
  EXPECT_EQ(find_speech(silence(0.3), kRate).frames, 7200u) << "what is all silence has no edges";
  EXPECT_EQ(find_speech(tone(300, 0.3), kRate).frames, 7200u);
  EXPECT_EQ(find_speech(Samples{0.5f}, kRate).frames, 1u);
  EXPECT_EQ(find_speech({}, kRate).frames, 0u);
}

TEST_F(Publisher, NothingClicksAtTheEdges) {
  PublishRequest request = empty_request();
  add(request, tone(150, 0.5, 0.9), text::Break::end);  // a cosine: begins at full height
  run(request);
  const Sound sound = read_sound(request.target);
  const std::size_t end = kRate / 2;
  EXPECT_LT(std::abs(sound.samples[0]), 0.002);
  EXPECT_LT(std::abs(sound.samples[end - 1]), 0.002);
  for (std::size_t i = 1; i < sound.samples.size(); ++i)
    ASSERT_LT(std::abs(sound.samples[i] - sound.samples[i - 1]), 0.06) << i;
  EXPECT_NEAR(sound.samples[160], 0.9, 0.001) << "after one period, past the fade, all of it is back";
}

TEST_F(Publisher, QuietWorkIsNotMadeLouder) {
  PublishRequest request = empty_request();
  add(request, tone(300, 0.3, 0.1), text::Break::end);
  const Published published = run(request);
  EXPECT_NEAR(published.peak, 0.1, 1e-3);
  EXPECT_NEAR(peak_of(read_sound(published.audio).samples), 0.1, 1e-3);
}

TEST_F(Publisher, WavBecomesRf64BeforeFourGigabytes) {
  const std::int64_t four_gigabytes = (std::int64_t{1} << 32) / 2;
  EXPECT_EQ(sound_settings("wav", kRate, four_gigabytes / 2).format, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
  EXPECT_EQ(sound_settings("wav", kRate, four_gigabytes - 1000).format, SF_FORMAT_RF64 | SF_FORMAT_PCM_16);
  EXPECT_EQ(sound_settings("wav", kRate, four_gigabytes * 3).format, SF_FORMAT_RF64 | SF_FORMAT_PCM_16);
  StagedFile file(out / ".staged", out / "long.wav");
  SoundWriter writer(file, sound_settings("wav", kRate, four_gigabytes));
  writer.write(tone(440, 0.5));
  writer.close();
  const Sound sound = read_sound(file.path());
  EXPECT_EQ(sound.info.format & SF_FORMAT_TYPEMASK, SF_FORMAT_RF64);
  EXPECT_EQ(sound.info.frames, 12000);
  EXPECT_GT(share_of(440, sound.samples), 0.99);
}

TEST_F(Publisher, OffersEachFormatOnce) {
  std::set<std::string> names, extensions;
  for (const AudioFormat& format : audio_formats()) {
    names.insert(format.name);
    extensions.insert(format.extension);
    EXPECT_EQ(find_format(format.name), &format);
    EXPECT_FALSE(format.description.empty());
  }
  EXPECT_EQ(names, (std::set<std::string>{"wav", "flac", "ogg", "opus", "mp3", "m4b"}));
  EXPECT_EQ(extensions.size(), 6u);
  EXPECT_EQ(find_format("midi"), nullptr);
  EXPECT_EQ(find_format(""), nullptr);
}

TEST_F(Publisher, TakesNamesAsPeopleWriteThem) {
  std::string longest;
  while (longest.size() + 3 <= 249) longest += "\u4e2d";
  for (const std::string& name :
       {std::string("a story, part 1.flac"), std::string("\u00fcber \u4e2d\u6587 \U0001F600.flac"),
        std::string("no extension"), std::string(".hidden"), std::string("-rf"),
        std::string("100% \"quoted\" $HOME `x`.flac"), std::string("bad \xff utf8.flac"), longest + "a.flac",
        longest + "ab.ogg"}) {
    PublishRequest request = three_tones();
    request.target = out / name;
    const Published published = run(request);
    EXPECT_EQ(published.audio, request.target);
    EXPECT_EQ(standing(), (std::set<std::string>{name, published.sidecar.filename().string()}));
    EXPECT_GT(read_sound(published.audio).info.frames, kRate);
    EXPECT_EQ(read_json(published.sidecar)["sha256"], sha256_file(published.audio));
    fs::remove(published.audio);
    fs::remove(published.sidecar);
  }
}

TEST_F(Publisher, MemoryDoesNotGrowWithTheLengthOfTheJob) {
  PublishRequest request = empty_request("wav");
  add(request, tone(440, 10), text::Break::sentence);
  const PublishedSegment one = request.segments[0];
  long peak_kb[2];
  for (const int run_number : {0, 1}) {
    request.segments.assign(run_number ? 360 : 6, one);  // one minute; one hour: 173 MB as 16 bit, 346 MB as floats
    request.target = out / (std::to_string(run_number) + ".wav");
    const pid_t child = ::fork();
    if (child == 0) {
      run(request);
      ::_exit(0);
    }
    int status = 0;
    rusage usage{};
    ASSERT_EQ(::wait4(child, &status, 0, &usage), child);
    ASSERT_EQ(status, 0);
    peak_kb[run_number] = usage.ru_maxrss;
  }
  EXPECT_LT(peak_kb[1] - peak_kb[0], 8 * 1024);
}

}  // namespace
}  // namespace lectern::publish
