package io.moe4j.comm.nccl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.group.Group;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The parts that need no GPU: the provider, its probe, what ranks tell each other, and the checks of arguments. */
class NcclProviderTest {
    private static final Group GROUP = new Group("world", List.of(4, 5), 0);

    @Test
    void theProviderSaysWhatItIs() {
        NcclProvider provider = new NcclProvider();
        assertEquals("nccl", provider.id());
        assertEquals(CollectivesProvider.SPI_VERSION, provider.spiVersion());
        assertTrue(provider.supports(DeviceKind.CUDA) && provider.capturable());
        assertTrue(!provider.supports(DeviceKind.CPU));
    }

    @Test
    void theProbeFindsTheLibraryByItsFile(@TempDir Path folder) throws Exception {
        Map<String, String> environment = Map.of("LD_LIBRARY_PATH", "/nowhere:" + folder);
        Availability without = NcclLibrary.probe(environment);
        if (without instanceof Availability.Unavailable missing) {
            assertTrue(missing.reason().contains("libnccl.so.2") && missing.remedy().contains("LD_LIBRARY_PATH"));
        }
        // The file is not a library: the probe only checks that it exists, and loads nothing.
        Files.writeString(folder.resolve("libnccl.so.2"), "no library");
        assertInstanceOf(Availability.Available.class, NcclLibrary.probe(environment));
    }

    @Test
    void seatsTravel() {
        Seat seat = new Seat("höst", "0000:17:00.0", new byte[] {1, 2, 3}, new byte[] {4, 5});
        Seat back = Seat.decode(seat.encode());
        assertEquals(seat.host(), back.host());
        assertEquals(seat.device(), back.device());
        assertArrayEquals(seat.id(), back.id());
        assertArrayEquals(seat.end(), back.end());
    }

    @Test
    void twoRanksOfAHostOnOneGpuAreRefused() {
        Seat seat = new Seat("a", "0000:17:00.0", new byte[0], new byte[0]);
        Seat other = new Seat("a", "0000:18:00.0", new byte[0], new byte[0]);
        Seat elsewhere = new Seat("b", "0000:17:00.0", new byte[0], new byte[0]);
        Seat.requireOwnDevices(GROUP, List.of(seat, other));
        Seat.requireOwnDevices(GROUP, List.of(seat, elsewhere));
        DeviceException refused = assertThrows(DeviceException.class,
                () -> Seat.requireOwnDevices(GROUP, List.of(seat, seat)));
        for (String part : List.of("ranks 4 and 5", "0000:17:00.0", "cuda_peer_memory", "NCCL_HOSTID")) {
            assertTrue(refused.getMessage().contains(part), refused.getMessage());
        }
    }

    @Test
    void theHostHasAName() {
        assertNotEquals("", NcclHost.name());
        assertEquals(NcclHost.name(), NcclHost.name());
    }

    @Test
    void argumentsAreChecked() {
        Tensor x_23 = Tensor.of(Memory.borrowed(256, 1 << 20, "nobody's"), 0, DType.BF16, 2, 3);
        assertEquals(6, NcclChecks.rowBytes(x_23));
        NcclChecks.requireRows(GROUP, x_23, new long[] {2, 0}, "sends");
        assertThrows(DeviceException.class, () -> NcclChecks.requireRows(GROUP, x_23, new long[] {2, 1}, "sends"));
        assertThrows(DeviceException.class, () -> NcclChecks.requireRows(GROUP, x_23, new long[] {2}, "sends"));
        assertThrows(DeviceException.class, () -> NcclChecks.requireRows(GROUP, x_23, new long[] {3, -1}, "sends"));
        Tensor column = x_23.slice(1, 0, 1);
        assertThrows(DeviceException.class, () -> NcclChecks.require(true, "all-gather", GROUP, "rule", x_23, column));
        DeviceException wrong = assertThrows(DeviceException.class,
                () -> NcclChecks.require(false, "all-gather", GROUP, "the rule", x_23, x_23));
        assertTrue(wrong.getMessage().contains("the rule") && wrong.getMessage().contains("BF16[2, 3]"));
    }
}
