package io.moe4j.runtime.cuda;

import java.nio.ByteBuffer;
import java.time.Instant;

/** Tells ranks of one process from those of others. */
public final class ThisProcess {
    /** Length of an identity. */
    public static final int BYTES = 2 * Long.BYTES;

    private ThisProcess() {}

    /** The id of this process and its start time. Ids alone are reused, and repeat in containers. */
    public static byte[] identity() {
        ProcessHandle self = ProcessHandle.current();
        long started = self.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
        return ByteBuffer.allocate(BYTES).putLong(self.pid()).putLong(started).array();
    }
}
