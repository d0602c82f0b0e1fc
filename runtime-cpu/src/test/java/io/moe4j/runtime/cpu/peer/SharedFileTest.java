package io.moe4j.runtime.cpu.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.runtime.cpu.Ranks;
import io.moe4j.runtime.cpu.engine.Addresses;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SharedFileTest {

    @Test
    void processesShareMemoryWithoutLeavingFiles() {
        new Ranks(Ranks.config(1, true), 3).run(rank -> {
            CpuPeerGroup together = (CpuPeerGroup) rank.device().openPeerGroup(rank.world(), rank.rendezvous());
            try (CpuPeerGroup apart = new CpuPeerGroup(together.machine(), rank.world(), rank.rendezvous(),
                    "process " + rank.rank())) {
                SymmetricMemory memory = apart.allocate(1 << 16, "words");
                assertEquals(0, memory.local().address() % 4096);
                assertEquals(0, Addresses.getAcquire(memory.local().address() + 65528));
                rank.rendezvous().exchange(rank.world(), "seen", new byte[0]);
                Addresses.setRelease(memory.peer((rank.rank() + 1) % 3).address() + 65528, 100 + rank.rank());
                apart.barrier(rank.stream(), "written");
                rank.stream().synchronize();
                assertEquals(100 + (rank.rank() + 2) % 3, Addresses.getAcquire(memory.local().address() + 65528));
                assertEquals(3 * 65536L, rank.device().allocatedBytes().get("words"));
                apart.allocate(0, "nothing");
                rank.rendezvous().exchange(rank.world(), "done", new byte[0]);
            }
        });
        try (Stream<Path> files = Files.list(Path.of("/dev/shm"))) {
            long pid = ProcessHandle.current().pid();
            assertFalse(files.anyMatch(file -> file.getFileName().toString().startsWith("moe4j-" + pid + "-")));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
