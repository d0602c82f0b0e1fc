package io.moe4j.runtime.cuda.peer;

import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.HostGate;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Where a rank sits, which it tells the others of its group.
 *
 * @param process its process, see {@link PeerHandle#thisProcess}
 * @param since when it was taken, as its process counts nanoseconds
 * @param gateSlot address in that process of the count of its arrivals at host gates
 * @param turns address in that process of its device's turns, see {@link io.moe4j.runtime.cuda.ContextTurns}
 * @param gpu PCI address of its GPU
 */
record PeerSeat(byte[] process, long since, long gateSlot, long turns, String gpu) {

    /** A new seat at {@code device}, in this process. */
    static PeerSeat take(CudaDevice device) {
        return new PeerSeat(PeerHandle.thisProcess(), System.nanoTime(), HostGate.openSlot(),
                device.turns().address(), device.context().pciAddress());
    }

    byte[] encode() {
        byte[] address = gpu.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(process.length + 3 * Long.BYTES + address.length).put(process).putLong(since)
                .putLong(gateSlot).putLong(turns).put(address).array();
    }

    static PeerSeat decode(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        byte[] process = new byte[PeerHandle.PROCESS_BYTES];
        buffer.get(process);
        return new PeerSeat(process, buffer.getLong(), buffer.getLong(), buffer.getLong(),
                StandardCharsets.US_ASCII.decode(buffer).toString());
    }

    boolean isInProcessOf(PeerSeat other) {
        return Arrays.equals(process, other.process);
    }
}
