package tfisp

import java.io.File
import java.security.MessageDigest

/**
 * Compares a network, the first bytes of a file, with the SHA-256 that was written with it.
 *
 * Damaged weights run all the same and make wrong pictures.
 *
 * @throws IllegalArgumentException if they differ.
 */
internal fun requireIntact(model: File, bytes: Long, expected: String) {
    require(sha256(model, bytes) == expected) {
        "$model: damaged: its network has not the SHA-256 that was written with it; copy it again"
    }
}

/** SHA-256 of the first bytes of a file, in hexadecimal; of all of it if it is shorter. */
private fun sha256(file: File, bytes: Long): String {
    val digest = MessageDigest.getInstance("SHA-256")
    val buffer = ByteArray(1 shl 16)
    var left = bytes
    file.inputStream().use { stream ->
        while (left > 0) {
            val count = stream.read(buffer, 0, minOf(left, buffer.size.toLong()).toInt())
            if (count < 0) break
            digest.update(buffer, 0, count)
            left -= count
        }
    }
    return digest.digest().joinToString("") { "%02x".format(it) }
}
