package io.moe4j.runtime.cuda.peer;

import io.moe4j.runtime.cuda.ThisProcess;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.group.Group;
import java.util.List;
import org.junit.jupiter.api.Test;

class PeerSeatTest {
    private static final String FIRST = "0000:17:00.0";
    private static final String SECOND = "0000:65:00.0";
    private static final Group GROUP = new Group("expert_parallel", List.of(4, 5, 6), 1);

    @Test
    void whatARankTellsIsWhatTheOthersRead() {
        PeerSeat read = PeerSeat.decode(seat(1, SECOND).encode());
        assertArrayEquals(seat(1, SECOND).process(), read.process());
        assertEquals(List.of(7L, 8L, 9L), List.of(read.since(), read.gateSlot(), read.turns()));
        assertEquals(SECOND, read.gpu());
        assertTrue(read.isInProcessOf(seat(1, FIRST)));
        assertFalse(read.isInProcessOf(seat(2, SECOND)));
    }

    @Test
    void gpusThatDoNotReachEachOtherAreNamedWithTheirRanksAndTheRemedy() {
        List<PeerSeat> seats = List.of(seat(1, FIRST), seat(1, FIRST), seat(1, SECOND));
        PeerSeat.requireAccess(GROUP, seats, gpu -> true);
        String message = assertThrows(DeviceException.class,
                () -> PeerSeat.requireAccess(GROUP, seats, gpu -> gpu.equals(FIRST))).getMessage();
        for (String part : List.of("rank 5 on GPU " + FIRST, "rank 6 on GPU " + SECOND, "group expert_parallel",
                "nvidia-smi topo -p2p rw", "runtime.collectives = \"nccl\"")) {
            assertTrue(message.contains(part), message);
        }
    }

    private static PeerSeat seat(int process, String gpu) {
        byte[] id = new byte[ThisProcess.BYTES];
        id[3] = (byte) process;
        return new PeerSeat(id, 7, 8, 9, gpu);
    }
}
