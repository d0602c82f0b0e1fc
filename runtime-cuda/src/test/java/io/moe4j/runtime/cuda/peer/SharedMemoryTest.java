package io.moe4j.runtime.cuda.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.group.ThreadRendezvous;
import io.moe4j.runtime.cuda.PendingFrees;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Opening, failing and closing of memory that ranks share, with a driver that records its calls. */
@Timeout(30)
class SharedMemoryTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(300);

    private final List<String> events = Collections.synchronizedList(new ArrayList<>());
    private final PendingFrees frees = new PendingFrees();
    private final List<FakeDriver> drivers = IntStream.range(0, 3).mapToObj(r -> new FakeDriver(r, true, events))
            .toList();

    @Test
    void nothingIsFreedBeforeAllHaveUnmappedIt() {
        List<SharedMemory> memory = opened(openAll(ThreadRendezvous.of(3, LONG), 64, 64, 64));
        memory.get(2).close();
        memory.get(0).close();
        memory.get(0).close();
        assertTrue(events.contains("unmap 1 on 0") && !events.contains("free 0"), "closing waits for nobody");
        memory.get(1).close();
        frees.close();
        assertEquals(List.of(), FakeDriver.left(events));
        int firstFree = IntStream.range(0, events.size()).filter(i -> events.get(i).startsWith("free")).min()
                .orElseThrow();
        assertEquals(6, events.subList(0, firstFree).stream().filter(event -> event.startsWith("unmap")).count());
        assertEquals(3, events.stream().filter(event -> event.startsWith("free")).count(), "once each");
    }

    @Test
    void ranksOfOneProcessFreeAtOnce() {
        List<FakeDriver> threads = IntStream.range(0, 2).mapToObj(r -> new FakeDriver(r, false, events)).toList();
        List<SharedMemory> memory = opened(openAll(threads, ThreadRendezvous.of(2, LONG), 64, 64));
        memory.get(0).close();
        assertTrue(events.contains("free 0") && !events.contains("free 1"));
        memory.get(1).close();
        assertEquals(List.of(), FakeDriver.left(events));
    }

    @ParameterizedTest
    @ValueSource(strings = {"allocate", "offer", "open"})
    void aRankThatCannotOpenItIsNamedToAllWithTheRemedy(String call) {
        drivers.get(1).failing(call);
        long begin = System.nanoTime();
        List<Future<SharedMemory>> opening = openAll(ThreadRendezvous.of(3, LONG), 64, 64, 64);
        assertInstanceOf(DeviceException.class, failure(opening.get(1)));
        for (int rank : new int[] {0, 2}) {
            RankFailedException told = assertInstanceOf(RankFailedException.class, failure(opening.get(rank)));
            assertEquals(1, told.failure().rank());
            assertTrue(told.getMessage().contains("opening \"rows\"")
                    && told.getMessage().contains("cannot " + call + " on rank 1; do this"), told.getMessage());
        }
        frees.close();
        assertEquals(List.of(), FakeDriver.left(events));
        assertTrue(System.nanoTime() - begin < LONG.toNanos() / 2, "nobody waits for the time limit");
    }

    @Test
    void differentSizesAreRefused() {
        for (Future<SharedMemory> opening : openAll(ThreadRendezvous.of(3, LONG), 64, 64, 128)) {
            assertTrue(failure(opening).getMessage().contains("all ranks must ask for the same"));
        }
        frees.close();
        assertEquals(List.of(), FakeDriver.left(events));
    }

    @Test
    void aRankThatDoesNotComeIsNamed() {
        List<Future<SharedMemory>> opening = openAll(ThreadRendezvous.of(3, SHORT), 64, 64);
        for (Future<SharedMemory> one : opening) {
            RankFailedException late = assertInstanceOf(RankFailedException.class, failure(one));
            assertEquals(2, late.failure().rank());
        }
        frees.close();
        assertEquals(List.of(), FakeDriver.left(events));
    }

    @Test
    void afterAFailureNobodyIsWaitedFor() {
        Rendezvous rendezvous = ThreadRendezvous.of(3, LONG);
        List<SharedMemory> memory = opened(openAll(rendezvous, 64, 64, 64));
        long begin = System.nanoTime();
        memory.get(0).close();
        rendezvous.fail(new RankFailure(2, "step 3", "it died"));
        memory.get(1).close();
        frees.close();
        assertEquals(List.of("allocate 2", "map 0 on 2", "map 1 on 2"), FakeDriver.left(events).stream().sorted()
                .toList());
        assertTrue(System.nanoTime() - begin < LONG.toNanos() / 2);
        assertEquals("it died", rendezvous.failure().orElseThrow().message(), "the first failure stays the first");
    }

    @Test
    void aRankThatNeverClosesIsWaitedForUntilTheTimeLimit() {
        Rendezvous rendezvous = ThreadRendezvous.of(3, SHORT);
        List<SharedMemory> memory = opened(openAll(rendezvous, 64, 64, 64));
        memory.get(0).close();
        memory.get(1).close();
        assertFalse(events.contains("free 0"));
        frees.close();
        assertTrue(events.contains("free 0") && events.contains("free 1"));
        assertEquals(2, rendezvous.failure().orElseThrow().rank());
    }

    @Test
    void whatCannotBeUnmappedKeepsNothingElse() {
        List<SharedMemory> memory = opened(openAll(ThreadRendezvous.of(3, LONG), 64, 64, 64));
        drivers.get(1).failing("unmap");
        DeviceException failed = assertThrows(DeviceException.class, () -> memory.get(1).close());
        assertEquals(1, failed.getSuppressed().length, "both peers' memory was tried");
        memory.get(0).close();
        memory.get(2).close();
        frees.close();
        assertEquals(List.of(), FakeDriver.left(events));
    }

    private List<Future<SharedMemory>> openAll(Rendezvous rendezvous, long... bytes) {
        return openAll(drivers, rendezvous, bytes);
    }

    /** Rank r asks for {@code bytes[r]} bytes; ranks without an entry do not take part. Returns when all have ended. */
    private List<Future<SharedMemory>> openAll(List<FakeDriver> of, Rendezvous rendezvous, long... bytes) {
        List<Integer> ranks = IntStream.range(0, of.size()).boxed().toList();
        try (ExecutorService threads = Executors.newFixedThreadPool(bytes.length)) {
            return IntStream.range(0, bytes.length).mapToObj(r -> threads.submit(() -> {
                Party party = new Party(new Group("world", ranks, r), rendezvous);
                return party.telling("opening \"rows\"", () -> open(of.get(r), party, bytes[r]));
            })).toList();
        }
    }

    /** Like a peer group, which closes what it has opened if the others are not ready. */
    private SharedMemory open(FakeDriver driver, Party party, long bytes) {
        SharedMemory memory = SharedMemory.open(driver, party, "rows 0", frees, bytes, "rows");
        try {
            party.meet("rows 0 is ready");
            return memory;
        } catch (RankFailedException e) {
            memory.close();
            throw e;
        }
    }

    private static List<SharedMemory> opened(List<Future<SharedMemory>> opening) {
        return opening.stream().map(Future::resultNow).toList();
    }

    private static Throwable failure(Future<?> future) {
        return assertThrows(ExecutionException.class, future::get).getCause();
    }
}
