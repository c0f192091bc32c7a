// The native methods of Renderer.kt.
#include <jni.h>

#include "tflite_network.h"

namespace {

// A network and what must be known to feed it: what Renderer.kt holds by a handle.
struct Session {
  tfisp::ModelMetadata metadata;
  tfisp::Tiling tiling;
  tfisp::TfLiteNetwork network;
};

std::string text(JNIEnv* env, jstring string) {
  const char* characters = env->GetStringUTFChars(string, nullptr);
  std::string copy(characters);
  env->ReleaseStringUTFChars(string, characters);
  return copy;
}

// The first numbers of an array.
template <std::size_t N>
std::array<double, N> numbers(JNIEnv* env, jdoubleArray array) {
  std::array<double, N> out{};
  env->GetDoubleArrayRegion(array, 0, N, out.data());
  return out;
}

// Runs `work`; what it throws becomes a Java exception.
template <class Work>
auto guarded(JNIEnv* env, Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::exception& error) {
    env->ThrowNew(env->FindClass("java/lang/IllegalArgumentException"), error.what());
    return decltype(work())();
  }
}

}  // namespace

extern "C" JNIEXPORT jlong JNICALL Java_tfisp_Native_open(
    JNIEnv* env, jobject, jstring path, jint threads, jboolean fixed, jstring form,
    jdoubleArray black, jdouble white, jstring white_balance, jboolean shading, jstring exposure,
    jstring clip, jstring companding, jstring output, jint halo, jint multiple, jint minimum) {
  return guarded(env, [&]() -> jlong {
    const std::string file = text(env, path);
    tfisp::ModelMetadata metadata;
    try {
      metadata.contract = tfisp::named_contract(
          {text(env, form), text(env, white_balance), text(env, exposure), text(env, clip),
           text(env, companding), text(env, output)});
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(file + ": " + error.what());
    }
    if (black) metadata.contract.black_level = numbers<4>(env, black);
    if (!std::isnan(white)) metadata.contract.white_level = white;
    metadata.contract.shading = shading;
    if (halo >= 0) metadata.halo = halo;
    metadata.multiple = multiple;
    metadata.minimum = minimum;
    tfisp::TfLiteNetwork network(file, metadata.contract.form, threads);
    tfisp::Tiling tiling;
    if (fixed) {
      tiling.fixed_height = network.height();
      tiling.fixed_width = network.width();
    }
    return reinterpret_cast<jlong>(new Session{metadata, tiling, std::move(network)});
  });
}

extern "C" JNIEXPORT void JNICALL Java_tfisp_Native_render(
    JNIEnv* env, jobject, jlong handle, jobject samples, jint row_stride, jint pixel_stride,
    jintArray area, jstring pattern, jdoubleArray black, jdouble white, jdoubleArray neutral,
    jdoubleArray to_srgb, jdouble baseline_exposure, jint orientation, jint shading_rows,
    jint shading_columns, jfloatArray shading, jobject pixels) {
  guarded(env, [&] {
    Session& session = *reinterpret_cast<Session*>(handle);
    jint corner[4];  // top, left, height, width
    env->GetIntArrayRegion(area, 0, 4, corner);
    tfisp::Mosaic mosaic;
    mosaic.data = static_cast<const std::uint8_t*>(env->GetDirectBufferAddress(samples));
    mosaic.row_stride = row_stride;
    mosaic.pixel_stride = pixel_stride;
    mosaic.top = corner[0];
    mosaic.left = corner[1];
    mosaic.height = corner[2];
    mosaic.width = corner[3];
    // The last row may end with its last sample.
    const std::ptrdiff_t end = (mosaic.top + mosaic.height - 1) * mosaic.row_stride +
                               (mosaic.left + mosaic.width - 1) * mosaic.pixel_stride + 2;
    if (!mosaic.data || env->GetDirectBufferCapacity(samples) < end)
      throw std::invalid_argument("samples are not direct, or end before the active area does");
    tfisp::Sensor sensor;
    sensor.pattern = text(env, pattern);
    sensor.black_level = numbers<4>(env, black);
    sensor.white_level = white;
    tfisp::Capture capture;
    capture.gains = tfisp::gains_from_neutral(numbers<3>(env, neutral));
    capture.to_srgb = numbers<9>(env, to_srgb);
    capture.baseline_exposure = baseline_exposure;
    capture.orientation = orientation;
    capture.shading_rows = shading_rows;
    capture.shading_columns = shading_columns;
    std::vector<float> map(env->GetArrayLength(shading));
    env->GetFloatArrayRegion(shading, 0, static_cast<jsize>(map.size()), map.data());
    capture.shading = tfisp::shading_by_site(map, sensor);
    tfisp::Picture picture;
    picture.data = static_cast<std::uint8_t*>(env->GetDirectBufferAddress(pixels));
    picture.pixel_stride = 4;
    picture.row_stride = 4 * tfisp::upright_size(mosaic, orientation)[1];
    tfisp::render(mosaic, sensor, capture, session.metadata, session.tiling,
                  std::ref(session.network), picture);
  });
}

extern "C" JNIEXPORT void JNICALL Java_tfisp_Native_close(JNIEnv*, jobject, jlong handle) {
  delete reinterpret_cast<Session*>(handle);
}
