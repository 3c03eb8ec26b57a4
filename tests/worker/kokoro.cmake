# The networks' tests; those that need the real model skip without LECTERN_KOKORO_MODEL (the model's folder).
set(here ${CMAKE_CURRENT_LIST_DIR})
lectern_test(weights_test
  SOURCES ${here}/weights_safetensors_test.cpp ${here}/weights_onnx_test.cpp ${here}/weights_state_test.cpp
  LIBRARIES lectern_weights)
lectern_test(kokoro_text_test SOURCES ${here}/kokoro_phonemes_test.cpp LIBRARIES lectern_kokoro_text)
lectern_test(kokoro_test
  SOURCES ${here}/kokoro_checkpoint_test.cpp ${here}/kokoro_vocoder_test.cpp ${here}/kokoro_voices_test.cpp
  LIBRARIES lectern_kokoro)
lectern_test(kokoro_engine_test SOURCES ${here}/kokoro_engine_test.cpp LIBRARIES lectern_kokoro TIMEOUT 600)
