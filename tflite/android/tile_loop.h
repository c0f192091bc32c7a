// A whole RAW capture through a network: tile by tile, without seams, upright, 8 bits.
//
// The same tiles, overlap and rounding as tfisp.rendering. C++17, standard library only; the
// network is any callable (tflite_network.h binds the TensorFlow Lite C API).
#ifndef TFISP_TILE_LOOP_H_
#define TFISP_TILE_LOOP_H_

#include <functional>
#include <numeric>
#include <utility>

#include "camera_colour.h"
#include "packing.h"

namespace tfisp {

// Runs the network on one window: `input` is float32 [height, width, C]; `output` takes float32
// [step * height, step * width, 3], R G B.
using Network = std::function<void(const float* input, int height, int width, float* output)>;

// What tfisp.json says about the network beside the contract.
struct ModelMetadata {
  Contract contract;
  std::optional<int> halo;  // in input samples; none if every output depends on the whole picture
  int multiple = 1;         // the input's sides must be divisible by it
  int minimum = 1;          // and no smaller
};

// How a picture is cut: windows of one fixed input size, for files and GPU delegates that take no
// other; else at most `tile` output pixels a side, or, where `tile` is 0, the whole at once.
struct Tiling {
  int fixed_height = 0, fixed_width = 0;
  int tile = 512;
};

// Where the upright picture goes: `pixel_stride` 3 for R G B, 4 for R G B A with A = 255, the bytes
// of android.graphics.Bitmap.Config.ARGB_8888.
struct Picture {
  std::uint8_t* data = nullptr;
  std::ptrdiff_t row_stride = 0;
  int pixel_stride = 3;
};

// One window of an axis in input samples: it reads [start, stop), its result is right in
// [first, last).
struct Span {
  int start, stop, first, last;
};

inline int divide_up(int value, int divisor) { return (value + divisor - 1) / divisor; }
inline int round_up(int value, int multiple) { return divide_up(value, multiple) * multiple; }

// Windows of equal length whose right parts join to [0, length): tfisp.rendering.tiles.spans.
// A result is right `halo` samples away from a cut, and up to a true border of the picture: there
// the network pads with zeros as it does when it sees the whole. So windows are never padded, they
// end where the picture ends.
inline std::vector<Span> spans(int length, int window, int halo, int multiple, bool exact) {
  if (length <= window) return {{0, length, 0, length}};
  halo = round_up(halo, multiple);
  const int inner = length - 2 * halo;  // what the windows' middles must cover
  int step = window / multiple * multiple - 2 * halo;
  if (step < multiple) throw std::invalid_argument("window shorter than its halo");
  if (!exact) step = round_up(divide_up(inner, divide_up(inner, step)), multiple);
  window = step + 2 * halo;
  const int count = divide_up(inner, step);
  std::vector<Span> plan;
  int first = 0;
  for (int index = 0; index < count; ++index) {
    const int stop = std::min(index * step + window, length);
    const int last = index == count - 1 ? length : stop - halo;
    plan.push_back({stop - window, stop, first, last});
    first = last;
  }
  return plan;
}

// The windows of one axis for a padded mosaic of `padded` samples; `fixed` is 0 for any size.
inline std::vector<Span> windows(int padded, const ModelMetadata& metadata, int fixed, int tile) {
  const int step = step_of(metadata.contract.form);
  if (padded < metadata.minimum * step)
    throw std::invalid_argument("picture below the minimum size");
  // Windows must start and end on whole 2x2 cells, or they would have another phase.
  const int multiple = std::lcm(metadata.multiple, 2 / step);
  const int length = divide_up(padded, step * multiple) * multiple;
  if (fixed) {
    if (length < fixed || (length > fixed && !metadata.halo))
      throw std::invalid_argument("picture of another size than the file was exported for");
    return spans(length, fixed, metadata.halo.value_or(0), multiple, true);
  }
  if (!tile || !metadata.halo) return {{0, length, 0, length}};
  const int least = std::max(2 * *metadata.halo + 3 * multiple, metadata.minimum);
  return spans(length, std::max(tile / step, least), *metadata.halo, multiple, false);
}

// Clipped to 0..1 and rounded to 8 bits, halves to even.
inline std::uint8_t to_8bit(float value) {
  if (!std::isfinite(value)) throw std::runtime_error("the network's output is not finite");
  return static_cast<std::uint8_t>(std::nearbyint(std::min(std::max(value, 0.0f), 1.0f) * 255.0f));
}

// (height, width) of the upright picture of a mosaic.
inline std::array<int, 2> upright_size(const Mosaic& mosaic, int orientation) {
  if (orientation >= 5) return {mosaic.width, mosaic.height};
  return {mosaic.height, mosaic.width};
}

// The pixel of the upright picture where row `y`, column `x` of the stored one belongs: linear in
// both. EXIF orientations transpose (5 to 8), then reverse the rows (3, 4, 7, 8) and the columns
// (2, 3, 6, 7).
inline std::uint8_t* upright(const Picture& picture, const Mosaic& mosaic, int orientation, int y,
                             int x) {
  const auto [height, width] = upright_size(mosaic, orientation);
  if (orientation >= 5) std::swap(y, x);
  if (orientation == 3 || orientation == 4 || orientation >= 7) y = height - 1 - y;
  if (orientation % 4 >= 2) x = width - 1 - x;
  return picture.data + y * picture.row_stride + x * std::ptrdiff_t{picture.pixel_stride};
}

// Renders a capture: tfisp.rendering.Renderer.render_8bit.
//
// `picture` must have room for `upright_size`. Throws std::invalid_argument where the capture does
// not fit the network, std::runtime_error where the network gives NaN or infinity.
inline void render(const Mosaic& mosaic, const Sensor& sensor, const Capture& capture,
                   const ModelMetadata& metadata, const Tiling& tiling, const Network& network,
                   const Picture& picture) {
  if (capture.orientation < 1 || capture.orientation > 8)
    throw std::invalid_argument("orientation is not one of EXIF's 1 to 8");
  const Packer packer(mosaic, sensor, capture, metadata.contract);
  const int step = step_of(metadata.contract.form), channels = channels_of(metadata.contract.form);
  const auto rows = windows(packer.padded_height(), metadata, tiling.fixed_height, tiling.tile);
  const auto columns = windows(packer.padded_width(), metadata, tiling.fixed_width, tiling.tile);
  const std::size_t samples = std::size_t(rows[0].stop) * columns[0].stop;  // all are equally large
  std::vector<float> input(samples * channels), output(samples * step * step * 3);
  const auto matrix = finishing_matrix(capture);
  std::uint8_t* const corner = upright(picture, mosaic, capture.orientation, 0, 0);
  const auto row_stride = upright(picture, mosaic, capture.orientation, 1, 0) - corner;
  const auto column_stride = upright(picture, mosaic, capture.orientation, 0, 1) - corner;
  for (const Span& down : rows)
    for (const Span& across : columns) {
      const int height = down.stop - down.start, width = across.stop - across.start;
      packer.window(down.start, down.stop, across.start, across.stop, input.data());
      network(input.data(), height, width, output.data());
      const int y1 = std::min(down.last * step - packer.top(), mosaic.height);
      const int x1 = std::min(across.last * step - packer.left(), mosaic.width);
      for (int y = std::max(down.first * step - packer.top(), 0); y < y1; ++y) {
        const int row = y + packer.top() - down.start * step;
        int x = std::max(across.first * step - packer.left(), 0);
        const int column = x + packer.left() - across.start * step;
        const float* rgb = output.data() + (std::size_t(row) * width * step + column) * 3;
        std::uint8_t* pixel = corner + y * row_stride + x * column_stride;
        for (; x < x1; ++x, rgb += 3, pixel += column_stride) {
          float finished[3];
          if (metadata.contract.camera_output) finish(matrix, rgb, finished);
          const float* shown = metadata.contract.camera_output ? finished : rgb;
          for (int c = 0; c < 3; ++c) pixel[c] = to_8bit(shown[c]);
          if (picture.pixel_stride == 4) pixel[3] = 255;
        }
      }
    }
}

}  // namespace tfisp

#endif  // TFISP_TILE_LOOP_H_
