// A .tflite file as a tfisp::Network, by the TensorFlow Lite C API.
//
// The library is libtensorflowlite_c.so, or the one inside the LiteRT 1.x Android package;
// docs/PHONE.md says how to get it.
#ifndef TFISP_TFLITE_NETWORK_H_
#define TFISP_TFLITE_NETWORK_H_

#include <memory>
#include <string>

#include "tensorflow/lite/c/c_api.h"
#include "tile_loop.h"

namespace tfisp {

// Loads one file and runs it at any window size that the file and its delegate allow. Give it to
// `render` as std::ref(network).
class TfLiteNetwork {
 public:
  // `delegate`, for example TfLiteGpuDelegateV2Create's, must outlive the network; null runs on
  // the CPU (XNNPACK). Throws std::runtime_error where the file cannot be loaded.
  TfLiteNetwork(const std::string& path, Form form, int threads,
                TfLiteOpaqueDelegate* delegate = nullptr)
      : form_(form), model_(TfLiteModelCreateFromFile(path.c_str()), TfLiteModelDelete) {
    if (!model_) throw std::runtime_error(path + ": not a TensorFlow Lite model");
    std::unique_ptr<TfLiteInterpreterOptions, decltype(&TfLiteInterpreterOptionsDelete)> options(
        TfLiteInterpreterOptionsCreate(), TfLiteInterpreterOptionsDelete);
    TfLiteInterpreterOptionsSetNumThreads(options.get(), threads);
    if (delegate) TfLiteInterpreterOptionsAddDelegate(options.get(), delegate);
    interpreter_.reset(TfLiteInterpreterCreate(model_.get(), options.get()));
    if (!interpreter_) throw std::runtime_error(path + ": operations or delegate not supported");
    check(TfLiteInterpreterAllocateTensors(interpreter_.get()), "allocate");
  }

  // The input size that the file was made for, or that was run last.
  int height() const { return dimension(1); }
  int width() const { return dimension(2); }

  // As `tfisp::Network` says. Throws std::runtime_error where the network does not run.
  void operator()(const float* input, int height, int width, float* output) {
    const int channels = channels_of(form_), step = step_of(form_);
    if (this->height() != height || this->width() != width) {
      const int shape[] = {1, height, width, channels};
      check(TfLiteInterpreterResizeInputTensor(interpreter_.get(), 0, shape, 4), "resize");
      check(TfLiteInterpreterAllocateTensors(interpreter_.get()), "allocate");
    }
    TfLiteTensor* in = TfLiteInterpreterGetInputTensor(interpreter_.get(), 0);
    const std::size_t samples = std::size_t(height) * width;
    check(TfLiteTensorCopyFromBuffer(in, input, samples * channels * sizeof(float)), "input");
    check(TfLiteInterpreterInvoke(interpreter_.get()), "invoke");
    const TfLiteTensor* out = TfLiteInterpreterGetOutputTensor(interpreter_.get(), 0);
    const std::size_t bytes = samples * step * step * 3 * sizeof(float);
    check(TfLiteTensorCopyToBuffer(out, output, bytes), "output");
  }

 private:
  static void check(TfLiteStatus status, const char* step) {
    if (status != kTfLiteOk) throw std::runtime_error(std::string("TensorFlow Lite: ") + step);
  }

  int dimension(int axis) const {
    return TfLiteTensorDim(TfLiteInterpreterGetInputTensor(interpreter_.get(), 0), axis);
  }

  Form form_;
  std::unique_ptr<TfLiteModel, decltype(&TfLiteModelDelete)> model_;
  std::unique_ptr<TfLiteInterpreter, decltype(&TfLiteInterpreterDelete)> interpreter_{
      nullptr, TfLiteInterpreterDelete};
};

}  // namespace tfisp

#endif  // TFISP_TFLITE_NETWORK_H_
