package io.moe4j.comm.nccl;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.group.Group;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The information that a rank sends to the others before a communicator is made.
 *
 * @param host identity of the host, as NCCL determines it
 * @param device PCI address of its GPU
 * @param id NCCL's unique id, from the group's first rank; empty from the others
 * @param end the rank's seat of the {@link io.moe4j.runtime.cuda.JointEnd} at which the ranks of a process wait for each other when they close
 */
record Seat(String host, String device, byte[] id, byte[] end) {

    byte[] encode() {
        List<byte[]> parts = List.of(host.getBytes(StandardCharsets.UTF_8), device.getBytes(StandardCharsets.UTF_8),
                id, end);
        ByteBuffer buffer = ByteBuffer.allocate(parts.stream().mapToInt(part -> Integer.BYTES + part.length).sum());
        parts.forEach(part -> buffer.putInt(part.length).put(part));
        return buffer.array();
    }

    static Seat decode(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new Seat(new String(part(buffer), StandardCharsets.UTF_8),
                new String(part(buffer), StandardCharsets.UTF_8), part(buffer), part(buffer));
    }

    private static byte[] part(ByteBuffer buffer) {
        byte[] part = new byte[buffer.getInt()];
        buffer.get(part);
        return part;
    }

    /** Requires a separate GPU for each rank of a host, as NCCL does. NCCL itself would report a violation in its own log only. */
    static void requireOwnDevices(Group group, List<Seat> seats) {
        Map<String, Integer> owners = new HashMap<>();
        for (int i = 0; i < seats.size(); i++) {
            Seat seat = seats.get(i);
            Integer other = owners.putIfAbsent(seat.host + " " + seat.device, group.ranks().get(i));
            if (other != null) {
                throw new DeviceException("ranks " + other + " and " + group.ranks().get(i) + " of group "
                        + group.name() + " share GPU " + seat.device + " of host " + seat.host
                        + ": NCCL takes one rank for each GPU of a host. Give each rank a GPU of its own, or set"
                        + " runtime.collectives = \"cuda_peer_memory\"; for tests only, processes with different NCCL_HOSTID"
                        + " and NCCL_SOCKET_IFNAME=lo pass for hosts of their own");
            }
        }
    }
}
