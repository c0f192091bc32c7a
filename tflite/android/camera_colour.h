// The last step for networks of output "camera": from their camera RGB to sRGB.
//
// The same arithmetic as tfisp.rendering.camera_colour, in float: the curve of companding is undone,
// the capture's matrix and exposure gain applied, and the result encoded by the sRGB transfer curve
// (IEC 61966-2-1).
#ifndef TFISP_CAMERA_COLOUR_H_
#define TFISP_CAMERA_COLOUR_H_

#include "packing.h"

namespace tfisp {

// The inverse of `compand`: a parabola.
inline float expand(float value) {
  const float square = static_cast<float>(kSpan * kSpan);
  const float line = static_cast<float>(2 * kSpan * kRoot);
  return value * (square * std::fabs(value) + line);
}

inline float encode_srgb(float linear) {
  constexpr float kLinearEnd = 0.0031308f;
  if (linear <= kLinearEnd) return linear * 12.92f;
  return std::pow(linear, static_cast<float>(1 / 2.4)) * 1.055f - 0.055f;
}

// The matrix of a capture times its exposure gain.
inline std::array<float, 9> finishing_matrix(const Capture& capture) {
  std::array<float, 9> matrix;
  for (int i = 0; i < 9; ++i)
    matrix[i] = static_cast<float>(std::exp2(capture.baseline_exposure) * capture.to_srgb[i]);
  return matrix;
}

// Finishes one pixel: R, G, B as the network gives them.
inline void finish(const std::array<float, 9>& matrix, const float* values, float* out) {
  float balanced[3];
  for (int c = 0; c < 3; ++c) balanced[c] = expand(values[c]);
  for (int row = 0; row < 3; ++row) {
    float linear = 0;
    for (int c = 0; c < 3; ++c) linear += matrix[3 * row + c] * balanced[c];
    out[row] = encode_srgb(linear);
  }
}

}  // namespace tfisp

#endif  // TFISP_CAMERA_COLOUR_H_
