package tfisp

import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraMetadata
import android.hardware.camera2.CaptureRequest
import android.hardware.camera2.CaptureResult
import android.hardware.camera2.TotalCaptureResult
import android.media.Image
import android.media.ImageReader
import java.nio.ByteBuffer
import kotlin.math.ln

/**
 * What Camera2 says about one RAW_SENSOR capture, as the C++ side takes it.
 *
 * Four values go by site of the 2x2 tile at the corner of the active area, row by row.
 *
 * @property samples the image's buffer: direct, native-endian uint16; valid until the image closes.
 * @property rowStride bytes from one row to the next; more than 2 * width where rows are padded.
 * @property pixelStride bytes from one sample to the next.
 * @property top row of the buffer at which the active area begins; left, height and width likewise.
 * @property pattern colours of the tile: RGGB, GRBG, GBRG or BGGR.
 * @property blackLevel of each site.
 * @property neutral camera R, G, B of a neutral grey; zeros where it is not known.
 * @property toSrgb white-balanced camera R, G, B to linear sRGB, 3x3 row by row.
 * @property baselineExposure EV by which a rendering is to be brightened.
 * @property orientation EXIF's, 1 to 8.
 * @property shading gains R, Geven, Godd, B of each entry of the map; empty for no correction.
 */
class RawCapture(
    val samples: ByteBuffer,
    val rowStride: Int,
    val pixelStride: Int,
    val top: Int,
    val left: Int,
    val height: Int,
    val width: Int,
    val pattern: String,
    val blackLevel: DoubleArray,
    val whiteLevel: Double,
    val neutral: DoubleArray,
    val toSrgb: DoubleArray,
    val baselineExposure: Double,
    val orientation: Int,
    val shadingRows: Int,
    val shadingColumns: Int,
    val shading: FloatArray
) {
    companion object {
        /**
         * Reads the facts of an image and of the result with the same timestamp.
         *
         * @param deviceDegrees of OrientationEventListener; -1, unknown, counts as upright.
         * @throws IllegalArgumentException if the capture is no Bayer frame of a known size.
         */
        fun of(
            image: Image,
            result: TotalCaptureResult,
            characteristics: CameraCharacteristics,
            deviceDegrees: Int
        ): RawCapture {
            require(image.timestamp == result[CaptureResult.SENSOR_TIMESTAMP]) {
                "image and result are of different captures"
            }
            val active = characteristics[
                CameraCharacteristics.SENSOR_INFO_PRE_CORRECTION_ACTIVE_ARRAY_SIZE]!!
            val array = characteristics[CameraCharacteristics.SENSOR_INFO_PIXEL_ARRAY_SIZE]!!
            // A buffer holds either the active area only, or the whole pixel array around it.
            val cropped = image.width == active.width() && image.height == active.height()
            require(cropped || (image.width == array.width && image.height == array.height)) {
                "RAW of ${image.width}x${image.height} is neither active nor pixel array"
            }
            val applied = characteristics[CameraCharacteristics.SENSOR_INFO_LENS_SHADING_APPLIED]
            val map = result[CaptureResult.STATISTICS_LENS_SHADING_CORRECTION_MAP]
                .takeUnless { applied == true }
            val plane = image.planes[0]
            return RawCapture(
                samples = plane.buffer,
                rowStride = plane.rowStride,
                pixelStride = plane.pixelStride,
                top = if (cropped) 0 else active.top,
                left = if (cropped) 0 else active.left,
                height = active.height(),
                width = active.width(),
                pattern = pattern(characteristics),
                blackLevel = blackLevel(characteristics, result),
                whiteLevel = whiteLevel(characteristics, result),
                neutral = neutral(result),
                toSrgb = toSrgb(result),
                baselineExposure = baselineExposure(
                    result[CaptureResult.CONTROL_POST_RAW_SENSITIVITY_BOOST] ?: 100
                ),
                orientation = exifOrientation(
                    characteristics[CameraCharacteristics.SENSOR_ORIENTATION]!!,
                    deviceDegrees,
                    characteristics[CameraCharacteristics.LENS_FACING] ==
                        CameraMetadata.LENS_FACING_FRONT
                ),
                shadingRows = map?.rowCount ?: 0,
                shadingColumns = map?.columnCount ?: 0,
                shading = FloatArray(map?.gainFactorCount ?: 0).also { map?.copyGainFactors(it, 0) }
            )
        }
    }
}

/** What a request for RAW must ask for beside its target, or the result has no usable map. */
fun CaptureRequest.Builder.askForShadingMap() {
    set(
        CaptureRequest.STATISTICS_LENS_SHADING_MAP_MODE,
        CameraMetadata.STATISTICS_LENS_SHADING_MAP_MODE_ON
    )
    // With shading correction OFF the camera gives a map of ones.
    set(CaptureRequest.SHADING_MODE, CameraMetadata.SHADING_MODE_FAST)
}

/**
 * Joins RAW images and their results, which arrive apart and in either order, by timestamp.
 *
 * Listener of the RAW ImageReader and callback of the RAW captures. Who gets a pair closes the
 * image. Both streams are in order: what is older than a pair has lost its partner, and is dropped.
 */
class RawPairs(private val onPair: (Image, TotalCaptureResult) -> Unit) :
    CameraCaptureSession.CaptureCallback(), ImageReader.OnImageAvailableListener {

    private val images = sortedMapOf<Long, Image>()
    private val results = sortedMapOf<Long, TotalCaptureResult>()

    override fun onImageAvailable(reader: ImageReader) {
        val image = reader.acquireNextImage() ?: return
        synchronized(this) { images[image.timestamp] = image }
        join(image.timestamp)
    }

    override fun onCaptureCompleted(
        session: CameraCaptureSession,
        request: CaptureRequest,
        result: TotalCaptureResult
    ) {
        val timestamp = result[CaptureResult.SENSOR_TIMESTAMP] ?: return
        synchronized(this) { results[timestamp] = result }
        join(timestamp)
    }

    private fun join(timestamp: Long) {
        val pair = synchronized(this) {
            val image = images[timestamp] ?: return
            val result = results[timestamp] ?: return
            images.headMap(timestamp).values.forEach { it.close() }
            images.headMap(timestamp + 1).clear()
            results.headMap(timestamp + 1).clear()
            Pair(image, result)
        }
        onPair(pair.first, pair.second)
    }
}

/** The tile at the corner of the active area, in reading order. */
private fun pattern(characteristics: CameraCharacteristics): String =
    when (characteristics[CameraCharacteristics.SENSOR_INFO_COLOR_FILTER_ARRANGEMENT]) {
        CameraMetadata.SENSOR_INFO_COLOR_FILTER_ARRANGEMENT_RGGB -> "RGGB"
        CameraMetadata.SENSOR_INFO_COLOR_FILTER_ARRANGEMENT_GRBG -> "GRBG"
        CameraMetadata.SENSOR_INFO_COLOR_FILTER_ARRANGEMENT_GBRG -> "GBRG"
        CameraMetadata.SENSOR_INFO_COLOR_FILTER_ARRANGEMENT_BGGR -> "BGGR"
        else -> throw IllegalArgumentException("the sensor has no Bayer array")
    }

/** Of this frame where the camera measures it, to 1/100 as DngCreator stores it; else the usual. */
private fun blackLevel(
    characteristics: CameraCharacteristics,
    result: CaptureResult
): DoubleArray {
    val dynamic = result[CaptureResult.SENSOR_DYNAMIC_BLACK_LEVEL]
    if (dynamic != null) return DoubleArray(4) { (dynamic[it] * 100).toInt() / 100.0 }
    val static = characteristics[CameraCharacteristics.SENSOR_BLACK_LEVEL_PATTERN]!!
    return DoubleArray(4) { static.getOffsetForIndex(it % 2, it / 2).toDouble() }
}

/** Of this frame where the camera measures it, else the usual. */
private fun whiteLevel(characteristics: CameraCharacteristics, result: CaptureResult): Double {
    val dynamic = result[CaptureResult.SENSOR_DYNAMIC_WHITE_LEVEL]
    return (dynamic ?: characteristics[CameraCharacteristics.SENSOR_INFO_WHITE_LEVEL]!!).toDouble()
}

private fun neutral(result: CaptureResult): DoubleArray {
    val point = result[CaptureResult.SENSOR_NEUTRAL_COLOR_POINT]
    return DoubleArray(3) { point?.get(it)?.toDouble() ?: 0.0 }
}

/**
 * The camera's own matrix of this frame, behind its white balance; the identity where it has none.
 *
 * COLOR_CORRECTION_TRANSFORM, and not the two SENSOR_COLOR_TRANSFORMs: it is the camera's choice for
 * the light of this very frame, and goes to linear sRGB by itself.
 */
private fun toSrgb(result: CaptureResult): DoubleArray {
    val transform = result[CaptureResult.COLOR_CORRECTION_TRANSFORM]
    return DoubleArray(9) {
        val (row, column) = Pair(it / 3, it % 3)
        transform?.getElement(column, row)?.toDouble() ?: if (row == column) 1.0 else 0.0
    }
}

/** EV from a boost in percent, with DngCreator's arithmetic: cut to 1/100, and 200 gives 0.99. */
internal fun baselineExposure(boost: Int): Double =
    (ln(boost / 100.0) / ln(2f) * 100).toInt() / 100.0

/** How a stored picture is turned upright, from degrees clockwise. */
internal fun exifOrientation(sensorDegrees: Int, deviceDegrees: Int, facesFront: Boolean): Int {
    val device = (deviceDegrees + 45) / 90 * 90
    return when ((sensorDegrees + (if (facesFront) -device else device) + 360) % 360) {
        90 -> 6
        180 -> 3
        270 -> 8
        else -> 1
    }
}
