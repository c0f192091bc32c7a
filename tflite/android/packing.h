// From a RAW buffer to a network's input, bit for bit as tfisp computes it on the desktop.
//
// C++17, standard library only. docs/PHONE.md says where Camera2 states what the contract does not.
// With black b, white w, balance g of the site's colour, shading gain s and exposure gain e, a
// sample x becomes
//
//     (x - float(b)) * float(1 / (w - b) * g * e) * s         b, w, g and e being double
//
// where s is interpolated along the row first, then between rows, each time as
// weight0 * gain0 + weight1 * gain1; then it is clipped, then companded. Every operation on floats
// is rounded for itself: compile with -ffp-contract=off, and never with -ffast-math.
#ifndef TFISP_PACKING_H_
#define TFISP_PACKING_H_

#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "contract.h"

#ifdef __FAST_MATH__
#error "packing.h: -ffast-math changes the results"
#endif
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif
static_assert(FLT_EVAL_METHOD == 0, "packing.h: float expressions must be evaluated in float");

namespace tfisp {

// What the samples mean: of this capture, at the corner of the active area.
struct Sensor {
  std::string pattern = "RGGB";  // or BGGR, GRBG, GBRG
  Sites black_level{};
  double white_level = 65535;

  int red_row() const { return red() / 2; }
  int red_column() const { return red() % 2; }

 private:
  int red() const {
    if (pattern != "RGGB" && pattern != "GRBG" && pattern != "GBRG" && pattern != "BGGR")
      throw std::invalid_argument("CFA pattern " + pattern + " is none of Bayer's");
    return static_cast<int>(pattern.find('R'));
  }
};

// What else is known of this capture. The shading map spans the active area from edge to edge:
// rows x columns entries of four gains, one for each site of the tile, row by row.
struct Capture {
  std::array<double, 3> gains{1, 1, 1};  // white balance R, G, B
  double baseline_exposure = 0;          // EV
  int orientation = 1;                   // EXIF, 1 to 8
  int shading_rows = 0, shading_columns = 0;
  std::vector<float> shading;
  // White-balanced camera R, G, B as a column to linear sRGB, row by row; read for networks of
  // output "camera" only. Without it their colours stay the sensor's.
  std::array<double, 9> to_srgb{1, 0, 0, 0, 1, 0, 0, 0, 1};
};

// A view of the active area in a strided buffer of native-endian 16-bit samples. Strides are in
// bytes, as android.media.Image.Plane gives them; `data` points at the buffer's first sample.
struct Mosaic {
  const std::uint8_t* data = nullptr;
  std::ptrdiff_t row_stride = 0, pixel_stride = 2;
  int top = 0, left = 0, height = 0, width = 0;

  std::uint16_t at(int y, int x) const {
    std::uint16_t sample;  // memcpy, since nothing promises alignment
    std::memcpy(&sample, data + (top + y) * row_stride + (left + x) * pixel_stride, 2);
    return sample;
  }
};

// As-shot gains from Camera2's SENSOR_NEUTRAL_COLOR_POINT or DNG's AsShotNeutral: the reciprocal in
// double precision, as tfisp.rawfiles.whitebalance computes it.
inline std::array<double, 3> gains_from_neutral(const std::array<double, 3>& neutral) {
  std::array<double, 3> gains;
  for (int c = 0; c < 3; ++c) {
    if (!(neutral[c] > 0)) return {1, 1, 1};
    gains[c] = 1.0 / neutral[c];
  }
  return gains;
}

// Camera2's lens shading map, entries of [R, Geven, Godd, B] interleaved, brought to the tile's
// sites: "even" and "odd" are rows of the mosaic, whatever colour begins them.
inline std::vector<float> shading_by_site(const std::vector<float>& rggb, const Sensor& sensor) {
  std::array<int, 4> channel;
  for (int site = 0; site < 4; ++site) {
    const char colour = sensor.pattern.at(site);
    channel[site] = colour == 'R' ? 0 : colour == 'B' ? 3 : site < 2 ? 1 : 2;
  }
  std::vector<float> out(rggb.size());
  for (std::size_t entry = 0; entry + 4 <= rggb.size(); entry += 4)
    for (int site = 0; site < 4; ++site) out[entry + site] = rggb[entry + channel[site]];
  return out;
}

// Index of a sequence of `length` continued by reflection about its outermost elements.
inline int reflect(int index, int length) {
  if (length == 1) return 0;
  const int period = 2 * (length - 1);
  index = ((index % period) + period) % period;
  return index < length ? index : period - index;
}

// The curve of companding "sqrt", in the order of tfisp.companding.compand.
inline const double kToe = 1.0 / 256, kRoot = std::sqrt(kToe), kSpan = std::sqrt(1 + kToe) - kRoot;

inline float compand(float value) {
  float bent = std::sqrt(std::fabs(value) + static_cast<float>(kToe));
  bent -= static_cast<float>(kRoot);
  bent *= static_cast<float>(1 / kSpan);
  return std::copysign(bent, value);
}

// Scales samples by the contract: tfisp.contract.normalise, one row at a time.
class Scaler {
 public:
  // Throws std::invalid_argument where contract and capture contradict each other.
  Scaler(const Mosaic& mosaic, const Sensor& sensor, const Capture& capture,
         const Contract& contract)
      : mosaic_(mosaic), clip_(contract.clip), compand_(contract.compand) {
    if (mosaic.height < 2 || mosaic.width < 2) throw std::invalid_argument("mosaic below 2 x 2");
    const double least = *std::min_element(capture.gains.begin(), capture.gains.end());
    if (!(least > 0)) throw std::invalid_argument("white balance gains are not all above 0");
    const double exposure = contract.frame_exposure ? std::pow(2.0, capture.baseline_exposure) : 1;
    const double white = contract.white_level.value_or(sensor.white_level);
    for (int site = 0; site < 4; ++site) {
      double black = sensor.black_level[site];
      if (contract.black_level) {  // stated with red at (0, 0); moved to where red lies here
        const int row = (site / 2 + sensor.red_row()) % 2;
        const int column = (site % 2 + sensor.red_column()) % 2;
        black = (*contract.black_level)[2 * row + column];
      }
      if (!(white > black)) throw std::invalid_argument("white level is not above black level");
      double gain = 1.0 / (white - black);
      const char colour = sensor.pattern.at(site);
      if (contract.as_shot)
        gain *= capture.gains[colour == 'R' ? 0 : colour == 'G' ? 1 : 2] / least;
      gain *= exposure;
      black_[site] = static_cast<float>(black);
      gain_[site] = static_cast<float>(gain);
    }
    limit_ = static_cast<float>(exposure);
    // Files are read with their samples limited to the white level: some sensors overshoot it.
    saturation_ = static_cast<std::uint16_t>(std::min(sensor.white_level, 65535.0));
    if (contract.shading && !capture.shading.empty()) interpolate_along(capture);
  }

  int height() const { return mosaic_.height; }
  int width() const { return mosaic_.width; }

  // Writes samples [first, last) of row `y`, scaled, to `out`.
  void row(int y, int first, int last, float* out) const {
    const Weights down = shading_rows_ ? weights(y, mosaic_.height, shading_rows_) : Weights{};
    const float* upper = along_.data() + offset(y, down.entry);
    const float* lower = along_.data() + offset(y, down.next);
    for (int x = first; x < last; ++x) {
      const int site = 2 * (y % 2) + x % 2;
      float value = std::min(mosaic_.at(y, x), saturation_);
      value -= black_[site];
      value *= gain_[site];
      if (shading_rows_) value *= down.first * upper[x] + down.second * lower[x];
      if (clip_ == Clip::kHighlights) value = std::min(value, limit_);
      if (clip_ == Clip::kShadows) value = std::max(value, 0.0f);
      *out++ = compand_ ? compand(value) : value;
    }
  }

 private:
  // Linear interpolation between entries `entry` and `next` of a map.
  struct Weights {
    int entry = 0, next = 0;
    float first = 0, second = 0;
  };

  // Sample i of n has its centre at (i + 0.5) / n of the frame, entry k of m lies at k / (m - 1).
  static Weights weights(int index, int samples, int entries) {
    const double position = (index + 0.5) / samples * (entries - 1);
    const int entry = std::min(static_cast<int>(position), entries - 1);
    const int next = std::min(entry + 1, entries - 1);
    const double distance = position - entry;
    const double second = next > entry ? 1 - (next - position) : 0;
    return {entry, next, static_cast<float>(1 - distance), static_cast<float>(second)};
  }

  // Where the gains of map row `entry` for the samples of row `y` begin in `along_`.
  std::size_t offset(int y, int entry) const {
    return (static_cast<std::size_t>(y % 2) * shading_rows_ + entry) * mosaic_.width;
  }

  // The gains of every map row at every column: those of even rows, then those of odd rows.
  void interpolate_along(const Capture& capture) {
    shading_rows_ = capture.shading_rows;
    const int columns = capture.shading_columns;
    if (shading_rows_ < 1 || columns < 1 ||
        capture.shading.size() != std::size_t{4} * shading_rows_ * columns)
      throw std::invalid_argument("shading map does not have rows x columns x 4 gains");
    along_.resize(std::size_t{2} * shading_rows_ * mosaic_.width);
    for (int parity = 0; parity < 2; ++parity)
      for (int entry = 0; entry < shading_rows_; ++entry)
        for (int x = 0; x < mosaic_.width; ++x) {
          const Weights across = weights(x, mosaic_.width, columns);
          const float* gains = capture.shading.data() + std::size_t{4} * entry * columns +
                               2 * parity + x % 2;
          along_[offset(parity, entry) + x] =
              across.first * gains[4 * across.entry] + across.second * gains[4 * across.next];
        }
  }

  Mosaic mosaic_;
  Clip clip_;
  bool compand_;
  std::array<float, 4> black_{}, gain_{};
  float limit_ = 1;
  std::uint16_t saturation_ = 65535;
  int shading_rows_ = 0;
  std::vector<float> along_;
};

// Mosaic samples, and so output pixels, per input sample along each axis.
inline int step_of(Form form) { return form == Form::kPacked ? 2 : 1; }

// Channels of the input.
inline int channels_of(Form form) {
  return form == Form::kPacked ? 4 : form == Form::kSplit ? 3 : 1;
}

// Cuts the network's input out of a mosaic: tfisp.packing.prepare of any window.
//
// The input is always in RGGB geometry: a mosaic that begins with another colour is continued by
// reflection by a row above and a column to the left, so that red lies at (0, 0), and below and to
// the right to even sides.
class Packer {
 public:
  Packer(const Mosaic& mosaic, const Sensor& sensor, const Capture& capture,
         const Contract& contract)
      : scaler_(mosaic, sensor, capture, contract),
        form_(contract.form),
        top_(sensor.red_row()),
        left_(sensor.red_column()) {}

  int top() const { return top_; }
  int left() const { return left_; }

  // (height, width) of the padded mosaic.
  int padded_height() const { return even(scaler_.height() + top_); }
  int padded_width() const { return even(scaler_.width() + left_); }

  // Writes input samples [y0, y1) x [x0, x1) to `out`, float32 [y1 - y0, x1 - x0, C]. Beyond the
  // padded mosaic its samples (for packed input, its 2x2 cells) are continued by reflection.
  void window(int y0, int y1, int x0, int x1, float* out) const {
    const int step = step_of(form_), channels = channels_of(form_);
    std::vector<int> columns;  // of the mosaic, for each padded column of the window
    for (int x = x0; x < x1; ++x)
      for (int site = 0; site < step; ++site)
        columns.push_back(source(x, site, left_, scaler_.width()));
    const auto [least, most] = std::minmax_element(columns.begin(), columns.end());
    const int first = *least, last = *most + 1;
    std::vector<float> row(last - first);
    if (form_ == Form::kSplit)  // the other colours' channels
      std::fill(out, out + std::size_t(y1 - y0) * columns.size() * 3, 1.0f);
    for (int y = y0; y < y1; ++y) {
      float* line = out + static_cast<std::size_t>(y - y0) * (x1 - x0) * channels;
      for (int site_row = 0; site_row < step; ++site_row) {
        scaler_.row(source(y, site_row, top_, scaler_.height()), first, last, row.data());
        for (std::size_t i = 0; i < columns.size(); ++i)
          line[i / step * channels + channel(y * step + site_row, i % 2 + x0 * step)] =
              row[columns[i] - first];
      }
    }
  }

 private:
  static int even(int length) { return length + length % 2; }

  // The mosaic's row (or column) behind site `site` of input sample `index`.
  int source(int index, int site, int front, int length) const {
    const int step = step_of(form_);
    const int padded = step * reflect(index, even(length + front) / step) + site;
    return reflect(padded - front, length);
  }

  // The channel of the padded mosaic's site: packed planes are B, G (red row), R, G (blue row),
  // split channels R, G, B.
  int channel(int row, int column) const {
    if (form_ == Form::kMosaic) return 0;
    static constexpr int kPlane[4] = {2, 1, 3, 0}, kColour[4] = {0, 1, 1, 2};
    const int site = 2 * (row % 2) + column % 2;
    return form_ == Form::kPacked ? kPlane[site] : kColour[site];
  }

  Scaler scaler_;
  Form form_;
  int top_, left_;
};

}  // namespace tfisp

#endif  // TFISP_PACKING_H_
