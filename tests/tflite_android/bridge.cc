// tflite/android as a shared library, for the tests to call by ctypes.
#include <string>

#include "tile_loop.h"

// What one call works on; test code fills it in, see `phone.py`.
struct Job {
  const std::uint8_t* data;
  std::int64_t row_stride, pixel_stride;
  std::int32_t top, left, height, width;
  const char* pattern;
  double black[4], white, gains[3], neutral[3], to_srgb[9], baseline_exposure;
  std::int32_t orientation, shading_rows, shading_columns, shading_is_camera2;
  const float* shading;
  const char *form, *white_balance, *exposure, *clip, *companding, *output;
  std::int32_t has_black;
  double contract_black[4];
  std::int32_t has_white;
  double contract_white;
  std::int32_t use_shading, halo, multiple, minimum, fixed_height, fixed_width, tile;
};

// Runs the network; false where it fails.
using Callback = bool (*)(const float* input, int height, int width, float* output);

namespace {

struct Parts {
  explicit Parts(const Job& job) {
    mosaic = {job.data, job.row_stride, int(job.pixel_stride), job.top, job.left, job.height,
              job.width};
    sensor.pattern = job.pattern;
    std::copy(job.black, job.black + 4, sensor.black_level.begin());
    sensor.white_level = job.white;
    std::copy(job.gains, job.gains + 3, capture.gains.begin());
    if (job.neutral[0] > 0)
      capture.gains = tfisp::gains_from_neutral({job.neutral[0], job.neutral[1], job.neutral[2]});
    std::copy(job.to_srgb, job.to_srgb + 9, capture.to_srgb.begin());
    capture.baseline_exposure = job.baseline_exposure;
    capture.orientation = job.orientation;
    capture.shading_rows = job.shading_rows;
    capture.shading_columns = job.shading_columns;
    if (job.shading)
      capture.shading.assign(job.shading,
                             job.shading + 4 * job.shading_rows * job.shading_columns);
    if (job.shading_is_camera2) capture.shading = tfisp::shading_by_site(capture.shading, sensor);
    tfisp::Contract& contract = metadata.contract;
    contract = tfisp::named_contract({job.form, job.white_balance, job.exposure, job.clip,
                                      job.companding, job.output});
    if (job.has_black) {
      contract.black_level.emplace();
      std::copy(job.contract_black, job.contract_black + 4, contract.black_level->begin());
    }
    if (job.has_white) contract.white_level = job.contract_white;
    contract.shading = job.use_shading;
    if (job.halo >= 0) metadata.halo = job.halo;
    metadata.multiple = job.multiple;
    metadata.minimum = job.minimum;
    tiling = {job.fixed_height, job.fixed_width, job.tile};
  }

  tfisp::Mosaic mosaic;
  tfisp::Sensor sensor;
  tfisp::Capture capture;
  tfisp::ModelMetadata metadata;
  tfisp::Tiling tiling;
};

// Runs `work`; null, or what it threw, valid until the next call.
template <class Work>
const char* message(Work work) {
  static std::string text;
  try {
    work();
    return nullptr;
  } catch (const std::exception& error) {
    text = error.what();
    return text.c_str();
  }
}

}  // namespace

// Writes the windows of an axis, four numbers each, to `out`; returns how many there are.
extern "C" int spans(int length, int window, int halo, int multiple, bool exact, int* out) {
  const auto plan = tfisp::spans(length, window, halo, multiple, exact);
  for (const tfisp::Span& span : plan)
    for (int number : {span.start, span.stop, span.first, span.last}) *out++ = number;
  return int(plan.size());
}

// The whole mosaic as the network's input.
extern "C" const char* prepare(const Job* job, float* out) {
  return message([&] {
    const Parts parts(*job);
    const tfisp::Packer packer(parts.mosaic, parts.sensor, parts.capture, parts.metadata.contract);
    const int step = tfisp::step_of(parts.metadata.contract.form);
    packer.window(0, packer.padded_height() / step, 0, packer.padded_width() / step, out);
  });
}

// The whole mosaic as an upright picture, rows `row_stride` bytes apart.
extern "C" const char* render(const Job* job, Callback callback, std::uint8_t* out,
                              std::int64_t row_stride, std::int32_t pixel_stride) {
  return message([&] {
    const Parts parts(*job);
    const auto network = [&](const float* input, int height, int width, float* output) {
      if (!callback(input, height, width, output)) throw std::runtime_error("callback");
    };
    tfisp::render(parts.mosaic, parts.sensor, parts.capture, parts.metadata, parts.tiling, network,
                  {out, row_stride, pixel_stride});
  });
}

#ifdef WITH_TFLITE
#include "tflite_network.h"

// As `render`, with a .tflite file run by the TensorFlow Lite C API.
extern "C" const char* render_file(const Job* job, const char* path, std::uint8_t* out,
                                   std::int64_t row_stride, std::int32_t pixel_stride) {
  return message([&] {
    const Parts parts(*job);
    tfisp::TfLiteNetwork network(path, parts.metadata.contract.form, 1);
    tfisp::render(parts.mosaic, parts.sensor, parts.capture, parts.metadata, parts.tiling,
                  std::ref(network), {out, row_stride, pixel_stride});
  });
}
#endif
