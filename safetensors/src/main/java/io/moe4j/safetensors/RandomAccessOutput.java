package io.moe4j.safetensors;

import io.moe4j.api.Stability;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * A file whose bytes are written in any order. Several threads may write at the same time.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public interface RandomAccessOutput extends AutoCloseable {

    /** Output to a channel that is open for writing. */
    static RandomAccessOutput of(FileChannel channel) {
        return new ChannelOutput(channel);
    }

    /** Writes all remaining bytes of the buffer, the first at {@code position}. */
    void write(ByteBuffer bytes, long position) throws IOException;

    /** Makes all written bytes durable, so that they survive a power cut. */
    void force() throws IOException;

    @Override
    void close() throws IOException;
}
