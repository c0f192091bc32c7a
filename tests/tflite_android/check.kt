package tfisp

import android.graphics.Rect
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CaptureRequest
import android.hardware.camera2.CaptureResult
import android.hardware.camera2.TotalCaptureResult
import android.hardware.camera2.params.BlackLevelPattern
import android.hardware.camera2.params.ColorSpaceTransform
import android.hardware.camera2.params.LensShadingMap
import android.media.Image
import android.media.ImageReader
import android.util.Rational
import android.util.Size
import java.io.File
import java.nio.ByteBuffer

/** An image that a test makes: no samples, but the layout of some. */
class MadeImage(private val time: Long, private val size: List<Int>, private val stride: Int) :
    Image() {
    var open = true

    override fun getWidth() = size[0]
    override fun getHeight() = size[1]
    override fun getTimestamp() = time
    override fun close() {
        open = false
    }

    override fun getPlanes(): Array<Plane> = arrayOf(object : Plane() {
        override fun getRowStride() = stride
        override fun getPixelStride() = 2
        override fun getBuffer(): ByteBuffer = ByteBuffer.allocateDirect(2)
    })
}

object NoSession : CameraCaptureSession()

/** Prints what RawCapture makes of a camera that the arguments, NAME=NUMBER,..., describe. */
fun main(arguments: Array<String>) {
    val given = arguments.associate { it.substringBefore('=') to it.substringAfter('=').split(',') }
    fun whole(name: String) = given[name]?.map { it.toInt() }
    fun real(name: String) = given[name]?.map { it.toFloat() }?.toFloatArray()

    val camera = CameraCharacteristics()
    camera.values[CameraCharacteristics.SENSOR_INFO_COLOR_FILTER_ARRANGEMENT] = whole("cfa")!![0]
    camera.values[CameraCharacteristics.SENSOR_BLACK_LEVEL_PATTERN] =
        BlackLevelPattern(whole("black")!!.toIntArray())
    camera.values[CameraCharacteristics.SENSOR_INFO_WHITE_LEVEL] = whole("white")!![0]
    val (left, top, right, bottom) = whole("active")!!
    camera.values[CameraCharacteristics.SENSOR_INFO_PRE_CORRECTION_ACTIVE_ARRAY_SIZE] =
        Rect(left, top, right, bottom)
    val (width, height) = whole("array")!!
    camera.values[CameraCharacteristics.SENSOR_INFO_PIXEL_ARRAY_SIZE] = Size(width, height)
    camera.values[CameraCharacteristics.SENSOR_INFO_LENS_SHADING_APPLIED] =
        whole("applied")!![0] == 1
    camera.values[CameraCharacteristics.SENSOR_ORIENTATION] = whole("turn")!![0]
    camera.values[CameraCharacteristics.LENS_FACING] = whole("turn")!![2]

    fun result(time: Long): TotalCaptureResult {
        val made = TotalCaptureResult()
        made.values[CaptureResult.SENSOR_TIMESTAMP] = time
        real("dynamic_black")?.let { made.values[CaptureResult.SENSOR_DYNAMIC_BLACK_LEVEL] = it }
        whole("dynamic_white")?.let {
            made.values[CaptureResult.SENSOR_DYNAMIC_WHITE_LEVEL] = it[0]
        }
        whole("neutral")?.let { point ->
            made.values[CaptureResult.SENSOR_NEUTRAL_COLOR_POINT] =
                Array(3) { Rational(point[it], 10000) }
        }
        whole("transform")?.let { matrix ->
            made.values[CaptureResult.COLOR_CORRECTION_TRANSFORM] =
                ColorSpaceTransform(Array(9) { Rational(matrix[it], 10000) })
        }
        whole("boost")?.let {
            made.values[CaptureResult.CONTROL_POST_RAW_SENSITIVITY_BOOST] = it[0]
        }
        real("map")?.let {
            val (rows, columns) = whole("grid")!!
            made.values[CaptureResult.STATISTICS_LENS_SHADING_CORRECTION_MAP] =
                LensShadingMap(it, rows, columns)
        }
        return made
    }

    given["file"]?.let {
        val found = runCatching { requireIntact(File(it[0]), it[1].toLong(), it[2]) }
        println("network ${found.exceptionOrNull()?.message ?: "intact"}")
    }
    val builder = CaptureRequest.Builder()
    builder.askForShadingMap()
    println("requested ${builder.request.values.size}")
    val reader = ImageReader()
    val images = (1L..3L).map { MadeImage(it, whole("image")!!, whole("stride")!![0]) }
    val joined = mutableListOf<Long>()
    val pairs = RawPairs { image, result ->
        joined.add(result.get(CaptureResult.SENSOR_TIMESTAMP)!!)
        if (joined.size == 1) {
            val capture = RawCapture.of(image, result, camera, whole("turn")!![1])
            println("area ${capture.top} ${capture.left} ${capture.height} ${capture.width}")
            println("strides ${capture.rowStride} ${capture.pixelStride}")
            println("pattern ${capture.pattern}")
            println("black ${capture.blackLevel.joinToString(" ")}")
            println("white ${capture.whiteLevel}")
            println("neutral ${capture.neutral.joinToString(" ")}")
            println("to_srgb ${capture.toSrgb.joinToString(" ")}")
            println("baseline_exposure ${capture.baselineExposure}")
            println("orientation ${capture.orientation}")
            println("shading ${capture.shadingRows} ${capture.shadingColumns} " +
                capture.shading.joinToString(" "))
        }
        image.close()
    }
    // Image 1 has no result; the result of 2 comes after its image, that of 3 before.
    for (image in images.take(2)) {
        reader.waiting.add(image)
        pairs.onImageAvailable(reader)
    }
    pairs.onCaptureCompleted(NoSession, builder.request, result(2))
    pairs.onCaptureCompleted(NoSession, builder.request, result(3))
    reader.waiting.add(images[2])
    pairs.onImageAvailable(reader)
    println("joined ${joined.joinToString(" ")}")
    println("open ${images.count { it.open }}")
}
