package tfisp

import android.graphics.Bitmap
import java.io.File
import java.nio.ByteBuffer
import java.util.zip.ZipFile
import org.json.JSONArray
import org.json.JSONObject

/**
 * Renders captures with one .tflite file that tfisp exported.
 *
 * @param model a file of its own, not an asset inside the APK.
 * @param threads of the CPU.
 * @param fixed whether to cut windows of just the file's input size, as GPU delegates need it.
 * @throws IllegalArgumentException if the file cannot be used; it names what is wrong.
 */
class Renderer(model: File, threads: Int, fixed: Boolean) : AutoCloseable {
    private var handle: Long

    init {
        val metadata = readMetadata(model)
        val contract = metadata.getJSONObject("contract")
        require(metadata.getInt("format") == 1) { "$model is of a newer tfisp" }
        handle = Native.open(
            path = model.path,
            threads = threads,
            fixed = fixed,
            form = contract.getString("form"),
            blackLevel = contract.optJSONArray("black_level")?.let { sites(it) },
            whiteLevel = contract.optDouble("white_level", Double.NaN),
            whiteBalance = contract.getString("white_balance"),
            shading = contract.getBoolean("shading"),
            exposure = contract.getString("exposure"),
            clip = contract.getString("clip"),
            companding = contract.optString("companding", "none"),
            output = contract.optString("output", "srgb"),
            halo = metadata.optInt("halo", -1),
            multiple = metadata.getInt("multiple"),
            minimum = metadata.getInt("minimum")
        )
    }

    /** Renders a capture, upright; call it before the capture's image is closed. */
    fun render(capture: RawCapture): Bitmap {
        val transposed = capture.orientation >= 5
        val width = if (transposed) capture.height else capture.width
        val height = if (transposed) capture.width else capture.height
        val pixels = ByteBuffer.allocateDirect(4 * width * height)
        Native.render(
            handle,
            capture.samples,
            capture.rowStride,
            capture.pixelStride,
            intArrayOf(capture.top, capture.left, capture.height, capture.width),
            capture.pattern,
            capture.blackLevel,
            capture.whiteLevel,
            capture.neutral,
            capture.toSrgb,
            capture.baselineExposure,
            capture.orientation,
            capture.shadingRows,
            capture.shadingColumns,
            capture.shading,
            pixels
        )
        val bitmap = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
        bitmap.copyPixelsFromBuffer(pixels)
        return bitmap
    }

    override fun close() {
        Native.close(handle)
        handle = 0
    }
}

/** The tfisp.json at the end of a .tflite file: such a file is a ZIP archive too. */
internal fun readMetadata(model: File): JSONObject = ZipFile(model).use { archive ->
    val entry = requireNotNull(archive.getEntry("tfisp.json")) { "$model has no tfisp.json" }
    val metadata = JSONObject(archive.getInputStream(entry).bufferedReader().readText())
    metadata.optJSONObject("model")?.let {
        requireIntact(model, it.getLong("bytes"), it.getString("sha256"))
    }
    metadata
}

private fun sites(rows: JSONArray) =
    DoubleArray(4) { rows.getJSONArray(it / 2).getDouble(it % 2) }

/** render_jni.cc. */
internal object Native {
    init {
        System.loadLibrary("tfisp_phone")
    }

    external fun open(
        path: String,
        threads: Int,
        fixed: Boolean,
        form: String,
        blackLevel: DoubleArray?,
        whiteLevel: Double,
        whiteBalance: String,
        shading: Boolean,
        exposure: String,
        clip: String,
        companding: String,
        output: String,
        halo: Int,
        multiple: Int,
        minimum: Int
    ): Long

    external fun render(
        handle: Long,
        samples: ByteBuffer,
        rowStride: Int,
        pixelStride: Int,
        area: IntArray,
        pattern: String,
        blackLevel: DoubleArray,
        whiteLevel: Double,
        neutral: DoubleArray,
        toSrgb: DoubleArray,
        baselineExposure: Double,
        orientation: Int,
        shadingRows: Int,
        shadingColumns: Int,
        shading: FloatArray,
        pixels: ByteBuffer
    )

    external fun close(handle: Long)
}
