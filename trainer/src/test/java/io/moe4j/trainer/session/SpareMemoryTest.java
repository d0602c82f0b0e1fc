package io.moe4j.trainer.session;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.group.ThreadRendezvous;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** What ranks of several processes may keep: the same everywhere, and a share of what their device has. */
final class SpareMemoryTest {
    private static final long CAPACITY = 1000;
    /** Left free, of {@link #CAPACITY}. */
    private static final long MARGIN = 20;

    private static Device device(String hardware, long free) {
        return (Device) Proxy.newProxyInstance(Device.class.getClassLoader(), new Class<?>[] {Device.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "capacityBytes" -> CAPACITY;
                    case "freeBytes" -> free;
                    case "hardwareId" -> hardware;
                    case "kind" -> DeviceKind.CUDA;
                    default -> throw new UnsupportedOperationException(method.getName());
                });
    }

    private static MemoryPlan plan(long bytes) {
        return new MemoryPlan(Map.of("parameters", bytes), Map.of(), 0, 0, 0, Map.of());
    }

    /** Two processes of one rank each; what each finds. */
    private static List<Long> twoProcesses(Device first, Device second, long firstNeeds, long secondNeeds)
            throws Exception {
        Rendezvous rendezvous = ThreadRendezvous.of(2, Duration.ofSeconds(20));
        List<Future<Long>> found = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            found.add(threads.submit(() -> new SpareMemory(new RankLaunch(2, List.of(0), 0, rendezvous),
                    Map.of(0, first)).least(Map.of(0, plan(firstNeeds)))));
            found.add(threads.submit(() -> new SpareMemory(new RankLaunch(2, List.of(1), 0, rendezvous),
                    Map.of(1, second)).least(Map.of(1, plan(secondNeeds)))));
        }
        return List.of(found.getFirst().get(), found.getLast().get());
    }

    @Test
    void theLeastOfAllRanksCounts() throws Exception {
        long least = 700 - MARGIN - 200;
        assertEquals(List.of(least, least), twoProcesses(device("0000:17:00.0", 900), device("0000:65:00.0", 700), 100,
                200));
    }

    /** Both see it as number 0 of their own; the address tells that it is one. */
    @Test
    void processesOnOneDeviceShareIt() throws Exception {
        long least = (900 - MARGIN) / 2 - 300;
        assertEquals(List.of(least, least), twoProcesses(device("0000:17:00.0", 900), device("0000:17:00.0", 900), 300,
                100));
    }

    @Test
    void ranksOfOneProcessShareADevice() {
        Device device = device("", CAPACITY);
        RankLaunch launch = new RankLaunch(4, List.of(0, 1, 2, 3), 0, ThreadRendezvous.of(4, Duration.ofSeconds(20)));
        assertEquals((CAPACITY - MARGIN) / 4 - 60,
                new SpareMemory(launch, Map.of(0, device, 1, device, 2, device, 3, device))
                        .least(Map.of(0, plan(60), 1, plan(10), 2, plan(10), 3, plan(10))));
    }

    /** More is needed than there is: the run keeps nothing, and is refused when its memory is taken, with the figures. */
    @Test
    void itMayBeNegative() throws Exception {
        assertEquals(List.of(-MARGIN, -MARGIN),
                twoProcesses(device("a", CAPACITY), device("b", CAPACITY), CAPACITY, 0));
    }
}
