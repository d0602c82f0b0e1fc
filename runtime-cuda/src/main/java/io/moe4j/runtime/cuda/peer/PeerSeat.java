package io.moe4j.runtime.cuda.peer;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.group.Group;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.HostGate;
import io.moe4j.runtime.cuda.ThisProcess;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/**
 * Where a rank runs; it tells this to the other ranks of its group.
 *
 * @param process its process, see {@link ThisProcess}
 * @param since when the seat was taken, in nanoseconds of its process
 * @param gateSlot address, in that process, of the slot that counts its arrivals at host gates
 * @param turns address, in that process, of the turns of its device, see {@link io.moe4j.runtime.cuda.ContextTurns}
 * @param gpu PCI address of its GPU
 */
record PeerSeat(byte[] process, long since, long gateSlot, long turns, String gpu) {

    /** Takes a new seat on {@code device}, in this process. */
    static PeerSeat take(CudaDevice device) {
        return new PeerSeat(ThisProcess.identity(), System.nanoTime(), HostGate.openSlot(),
                device.turns().address(), device.context().pciAddress());
    }

    byte[] encode() {
        byte[] address = gpu.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(process.length + 3 * Long.BYTES + address.length).put(process).putLong(since)
                .putLong(gateSlot).putLong(turns).put(address).array();
    }

    static PeerSeat decode(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        byte[] process = new byte[ThisProcess.BYTES];
        buffer.get(process);
        return new PeerSeat(process, buffer.getLong(), buffer.getLong(), buffer.getLong(),
                StandardCharsets.US_ASCII.decode(buffer).toString());
    }

    boolean isInProcessOf(PeerSeat other) {
        return Arrays.equals(process, other.process);
    }

    /**
     * Checks that this rank's GPU reaches those of the other ranks. Called before ranks share anything.
     *
     * @param reaches whether this GPU reaches the GPU at a PCI address
     */
    static void requireAccess(Group group, List<PeerSeat> seats, Predicate<String> reaches) {
        for (int i = 0; i < group.size(); i++) {
            String gpu = seats.get(i).gpu;
            if (!reaches.test(gpu)) {
                throw new DeviceException("rank " + group.rank() + " on GPU " + seats.get(group.index()).gpu
                        + " cannot reach the memory of rank " + group.ranks().get(i) + " on GPU " + gpu
                        + ": there is neither NVLink nor peer access over PCIe between them (nvidia-smi topo -p2p rw)."
                        + " Put the ranks of group " + group.name() + " on GPUs that reach each other, or set"
                        + " model.moe_comm_backend = \"standard\" and runtime.collectives = \"nccl\", which do without");
            }
        }
    }
}
