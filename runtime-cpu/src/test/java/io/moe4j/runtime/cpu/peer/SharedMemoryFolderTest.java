package io.moe4j.runtime.cpu.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.host.Ownership;
import io.moe4j.runtime.cpu.Ranks;
import io.moe4j.runtime.cpu.engine.Addresses;
import io.moe4j.runtime.cpu.engine.CpuMachine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/** No other test may run meanwhile, because this one searches for leftover files of this process. */
@Isolated
class SharedMemoryFolderTest {
    private static final int BYTES = 1 << 16;

    @TempDir
    Path folder;

    private final Ownership ownership = Ownership.ofThisProcess();

    @Test
    void processesShareMemoryWithoutLeavingFiles() throws IOException {
        new Ranks(Ranks.config(1, true), 3).run(rank -> {
            CpuPeerGroup together = (CpuPeerGroup) rank.device().openPeerGroup(rank.world(), rank.rendezvous());
            try (CpuPeerGroup apart = new CpuPeerGroup(together.machine(), rank.world(), rank.rendezvous(),
                    "process " + rank.rank())) {
                SymmetricMemory memory = apart.allocate(BYTES, "words");
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
            assertFalse(files.anyMatch(
                    file -> file.getFileName().toString().startsWith("moe4j-" + ProcessName.own() + "-")));
        }
    }

    @Test
    void saysHowMuchIsWantedAndHowMuchIsFree() {
        SharedMemoryFolder small = new SharedMemoryFolder(folder, room(64 << 20, 20 << 20, Long.MAX_VALUE), ownership);
        String message = assertThrows(DeviceException.class, () -> small.create(30 << 20, "receive buffer", 4))
                .getMessage();
        // 44 MiB are in use, and four files of 30 MiB are still to be created.
        assertTrue(message.contains("\"receive buffer\" wants 31457280 bytes on each of 4 ranks")
                && message.contains("has 20971520 of 67108864 bytes free")
                && message.contains("--shm-size=164m"), message);
        assertEquals(List.of(), left());
    }

    @Test
    void aFolderThatFillsUpMeanwhileIsAnErrorAndLeavesNoFile() {
        SharedMemoryFolder filling = new SharedMemoryFolder(folder, room(64 << 20, 40 << 20, 10 << 20), ownership);
        String message = assertThrows(DeviceException.class, () -> filling.create(30 << 20, "receive buffer", 2))
                .getMessage();
        assertTrue(message.contains("wants 31457280 bytes") && message.contains("has 10485760 of 67108864 bytes free"),
                message);
        assertEquals(List.of(), left());
    }

    @Test
    void pagesAreReserved() throws IOException {
        Path file = shared().create((3 << 20) + 5, "words", 1);
        assertEquals((3 << 20) + 5, Files.size(file));
        // A file with a hole takes fewer blocks than its size.
        Process du = new ProcessBuilder("du", "--block-size=1", file.toString()).start();
        long taken = Long
                .parseLong(new String(du.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)
                        .split("\t", 2)[0]);
        assertTrue(taken >= 3 << 20, taken + " bytes of " + file);
    }

    @Test
    void ownFilesAreMapped() {
        Path file = shared().create(BYTES, "words", 1);
        onMachine(machine -> {
            try (Memory memory = shared().map(machine.heap(), file, BYTES, "words", true)) {
                Addresses.setRelease(memory.address() + BYTES - 8, 7);
                assertEquals(7, Addresses.getAcquire(memory.address() + BYTES - 8));
            }
        });
    }

    @Test
    void whatNoRankCanHaveMadeIsRefusedAndStaysAsItIs() throws IOException {
        Path own = shared().create(BYTES, "words", 1);
        Path elsewhere = Files.writeString(folder.resolve("diary.txt"), "dear diary");
        Path open = Files.setPosixFilePermissions(shared().create(BYTES, "words", 1),
                PosixFilePermissions.fromString("rw-rw-rw-"));
        Path link = Files.createSymbolicLink(folder.resolve(name(ProcessName.own())), own);
        Path twice = shared().create(BYTES, "words", 1);
        Files.createLink(folder.resolve("second"), twice);
        Path nested = Files.createDirectory(folder.resolve("nested")).resolve(name(ProcessName.own()));
        Files.copy(own, nested);
        Path pipe = folder.resolve(name(ProcessName.own()));
        Files.createDirectory(pipe);

        assertRefused(elsewhere, BYTES, "its name is not one that moe4j gives");
        assertRefused(nested, BYTES, "its name is not one that moe4j gives");
        assertRefused(folder.resolve("..").resolve(folder.getFileName()).resolve(own.getFileName()), BYTES,
                "its name is not one that moe4j gives");
        assertRefused(open, BYTES, "its mode is 666 and should be 600");
        assertRefused(link, BYTES, "it is no ordinary file");
        assertRefused(pipe, BYTES, "it is no ordinary file");
        assertRefused(twice, BYTES, "it has 2 names and should have one");
        assertRefused(own, 2 * BYTES, "it has 65536 bytes and should have 131072");
        assertEquals(BYTES, Files.size(own));
        assertEquals("dear diary", Files.readString(elsewhere));
    }

    @Test
    void anotherUsersFileIsRefused() {
        Path file = shared().create(BYTES, "words", 1);
        SharedMemoryFolder asSeenByAnother = new SharedMemoryFolder(folder, Room.of(folder),
                Ownership.of(ownership.user() + 1));
        onMachine(machine -> {
            String message = assertThrows(DeviceException.class,
                    () -> asSeenByAnother.map(machine.heap(), file, BYTES, "words", false)).getMessage();
            assertTrue(message.contains("it belongs to user " + ownership.user() + ", and this process runs as user "
                    + (ownership.user() + 1)), message);
        });
    }

    @Test
    void filesOfEndedProcessesAreSweptAndNoOthers() throws Exception {
        Process ended = new ProcessBuilder("true").start();
        ended.waitFor();
        ProcessName own = ProcessName.own();
        Path ofEnded = plant(name(new ProcessName(ended.pid(), own.startTicks(), own.namespace())));
        Path ofPredecessor = plant(name(new ProcessName(own.pid(), own.startTicks() + 1, own.namespace())));
        Path oldAndElsewhere = plant(name(new ProcessName(own.pid(), 1, own.namespace() + 1)));
        Files.setLastModifiedTime(oldAndElsewhere, FileTime.from(Instant.now().minus(Duration.ofDays(2))));
        Path elsewhere = plant(name(new ProcessName(own.pid(), 1, own.namespace() + 1)));
        Path living = shared().create(BYTES, "words", 1);
        Path stranger = plant("moe4j-notes.txt");

        shared().sweep();

        assertEquals(Stream.of(living, elsewhere, stranger).sorted().toList(), left());
        assertFalse(Files.exists(ofEnded) || Files.exists(ofPredecessor) || Files.exists(oldAndElsewhere));
    }

    @Test
    void whatAnotherUserHasLeftIsNotSwept() throws Exception {
        Process ended = new ProcessBuilder("true").start();
        ended.waitFor();
        Path file = plant(name(new ProcessName(ended.pid(), 1, ProcessName.own().namespace())));
        new SharedMemoryFolder(folder, Room.of(folder), Ownership.of(ownership.user() + 1)).sweep();
        assertEquals(List.of(file), left());
    }

    private SharedMemoryFolder shared() {
        return new SharedMemoryFolder(folder, Room.of(folder), ownership);
    }

    private void assertRefused(Path file, long bytes, String reason) {
        onMachine(machine -> {
            String message = assertThrows(DeviceException.class,
                    () -> shared().map(machine.heap(), file, bytes, "words", false)).getMessage();
            assertTrue(message.contains(reason) && message.contains(file.toString()), message);
        });
    }

    private Path plant(String name) throws IOException {
        return Files.createFile(folder.resolve(name),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }

    private static String name(ProcessName process) {
        return "moe4j-" + process + "-" + UUID.randomUUID() + ".shared";
    }

    private List<Path> left() {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** A file system that reports {@code free} free bytes, but really has {@code actual}. */
    private static Room room(long total, long free, long actual) {
        return new Room() {
            private boolean tried;

            @Override
            public Size size() {
                return new Size(total, tried ? actual : free);
            }

            @Override
            public void reserve(FileChannel file, long bytes) throws IOException {
                tried = true;
                file.write(ByteBuffer.allocate(1));
                if (bytes > actual) {
                    throw new IOException("No space left on device");
                }
            }
        };
    }

    private interface Work {
        void with(CpuMachine machine);
    }

    private static void onMachine(Work work) {
        try (CpuMachine machine = new CpuMachine(Ranks.config(1, false), Optional.empty())) {
            work.with(machine);
        }
    }
}
