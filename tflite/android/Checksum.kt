package tfisp

import java.io.File
import java.security.MessageDigest

/** SHA-256 of the first bytes of a file, in hexadecimal; of all of it if it is shorter. */
internal fun sha256(file: File, bytes: Long): String {
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
