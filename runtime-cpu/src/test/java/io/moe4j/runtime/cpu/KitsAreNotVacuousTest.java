package io.moe4j.runtime.cpu;

import static io.moe4j.tests.contract.Planted.CALL;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.moe4j.api.capture.CaptureException;
import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceLoop;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.peer.CpuPeerCollectivesProvider;
import io.moe4j.tests.contract.CollectivesContract;
import io.moe4j.tests.contract.DeviceContract;
import io.moe4j.tests.contract.GraphCaptureContract;
import io.moe4j.tests.contract.PeerGroupContract;
import io.moe4j.tests.contract.Planted;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.jspecify.annotations.Nullable;

/** The kits of devices, captures, peer groups and collectives find what is planted into the CPU's, by an assertion and for the right reason. */
class KitsAreNotVacuousTest {

    /**
     * A fault.
     *
     * @param name what is wrong
     * @param reason words of the assertion that finds it
     * @param failures of the kit's test, with the fault or without
     */
    record Fault(String name, String reason, Function<Boolean, List<Throwable>> failures) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** Decides what a call returns, from the real object, the method and its arguments. */
    private interface Wrong<T> {
        @Nullable
        Object answer(T real, String method, Object[] arguments);
    }

    static List<Fault> faults() {
        return List.of(
                device("memory is not counted", "1024", DeviceContract::memoryIsCounted,
                        (real, method, arguments) -> method.equals("allocatedBytes") ? Map.of() : CALL),
                device("memory is not aligned", "<4>", DeviceContract::memoryIsCounted,
                        (real, method, arguments) -> method.equals("allocate") ? unaligned(real, arguments) : CALL),
                device("too much is accepted", "to be thrown", DeviceContract::tooMuchIsRefused,
                        (real, method, arguments) -> method.equals("allocate")
                                ? real.allocate(Math.min((long) arguments[0], 1 << 20), (String) arguments[1])
                                : CALL),
                device("copies do nothing", "array contents differ|array lengths differ",
                        DeviceContract::transfersKeepValues,
                        streams((real, method, arguments) -> method.equals("copy") ? null : CALL)),
                device("events do not order streams", "array contents differ", DeviceContract::eventsOrderStreams,
                        streams(neverAwaiting())),
                capture("a body runs while it is recorded", "does not capture while its body runs",
                        GraphCaptureContract::replaysEqualEagerRuns, (real, body) -> {
                            body.run();
                            return Function.identity();
                        }),
                capture("a replay does nothing", "product of replay", GraphCaptureContract::replaysEqualEagerRuns,
                        (real, body) -> graph -> Planted.instead(CapturedGraph.class, graph,
                                (method, arguments) -> method.equals("replay") ? null : CALL)),
                capture("a replay runs twice", "sum after replay", GraphCaptureContract::replaysEqualEagerRuns,
                        (real, body) -> graph -> Planted.instead(CapturedGraph.class, graph, (method, arguments) -> {
                            if (method.equals("replay")) {
                                graph.replay((Stream) arguments[0]);
                            }
                            return CALL;
                        })),
                capture("freed memory is replayed", "to be thrown", GraphCaptureContract::refusesFreedMemory,
                        (real, body) -> graph -> Planted.instead(CapturedGraph.class, graph, (method, arguments) -> {
                            if (method.equals("replay")) {
                                try {
                                    graph.replay((Stream) arguments[0]);
                                } catch (CaptureException swallowed) {
                                    return null;
                                }
                                return null;
                            }
                            return CALL;
                        })),
                loops("a loop makes one pass too few", "passes of loops that end at",
                        (real, loop, body) -> real.repeat(loop.withLimit(loop.limit() - 1), body)),
                loops("a loop makes the passes of the capture", "times that bodies were called|passes of loops",
                        (real, loop, body) -> {
                            for (int pass = loop.first(); pass < loop.limit(); pass++) {
                                real.fill(loop.pass_1(), pass);
                                body.run();
                            }
                        }),
                loops("passes have no numbers", "passes of loops that end at",
                        (real, loop, body) -> real.repeat(loop, () -> {
                            real.fill(loop.pass_1(), 1);
                            body.run();
                        })),
                peers("no barrier after writing", "wrote in round", PeerGroupContract::barriersOrderWrites,
                        (device, peers) -> Planted.withoutBarrier(peers, device, "has arrived")),
                peers("no barrier before writing", "wrote in round", PeerGroupContract::barriersOrderWrites,
                        (device, peers) -> Planted.withoutBarrier(peers, device, "may be overwritten")),
                peers("different sizes are accepted", "different sizes were accepted",
                        kit -> one(kit::refusesDifferentSizes),
                        (real, method, arguments) -> method.equals("allocate")
                                ? real.allocate(1000, (String) arguments[1])
                                : CALL),
                peers("fresh memory is not zero", "fresh memory of rank", PeerGroupContract::freshMemoryIsZero,
                        (real, method, arguments) -> method.equals("allocate") ? dirty(real, arguments) : CALL),
                collectives("an all-reduce does nothing", "all-reduce of", CollectivesContract::allReduce,
                        (real, method, arguments) -> method.equals("allReduce") ? null : CALL),
                collectives("a broadcast from the next rank", "broadcast from", CollectivesContract::broadcast,
                        (real, method, arguments) -> {
                            if (!method.equals("broadcast")) {
                                return CALL;
                            }
                            real.broadcast((Stream) arguments[0], (Tensor) arguments[1],
                                    ((int) arguments[2] + 1) % real.group().size());
                            return null;
                        }),
                collectives("an all-gather without its last rank", "all-gather", CollectivesContract::allGather,
                        (real, method, arguments) -> {
                            if (!method.equals("allGather")) {
                                return CALL;
                            }
                            Tensor out = (Tensor) arguments[2];
                            real.allGather((Stream) arguments[0], (Tensor) arguments[1], out);
                            long part = out.elements() / real.group().size();
                            ((Stream) arguments[0]).fill(out.slice(0, out.elements() - part, out.elements()), 0);
                            return null;
                        }),
                collectives("a reduce-scatter that forgets the sums", "reduce-scatter",
                        CollectivesContract::reduceScatter, (real, method, arguments) -> {
                            if (!method.equals("reduceScatter")) {
                                return CALL;
                            }
                            real.reduceScatter((Stream) arguments[0], (Tensor) arguments[1], (Tensor) arguments[2]);
                            ((Stream) arguments[0]).fill((Tensor) arguments[2], 1);
                            return null;
                        }),
                collectives("an all-to-all does nothing", "all-to-all", CollectivesContract::allToAllV,
                        (real, method, arguments) -> method.equals("allToAllV") ? null : CALL));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void finds(Fault fault) {
        Planted.isFound(fault.name(), fault.reason(), () -> fault.failures().apply(true));
    }

    /** The control: without the fault the same test passes. */
    @ParameterizedTest
    @MethodSource("faults")
    void passesWithout(Fault fault) {
        assertEquals(List.of(), fault.failures().apply(false));
    }

    private static java.util.stream.Stream<DynamicTest> one(Runnable test) {
        return java.util.stream.Stream.of(dynamicTest("it", test::run));
    }

    private static Memory unaligned(Device real, Object[] arguments) {
        Memory memory = real.allocate((long) arguments[0], (String) arguments[1]);
        return Memory.of(memory.address() + 4, (long) arguments[0], memory.purpose(), freed -> memory.close());
    }

    private static SymmetricMemory dirty(PeerGroup real, Object[] arguments) {
        SymmetricMemory memory = real.allocate((long) arguments[0], (String) arguments[1]);
        io.moe4j.runtime.cpu.engine.Addresses.setRelease(memory.local().address(), 1);
        return memory;
    }

    private static Wrong<Device> streams(Wrong<Stream> wrong) {
        return (real, method, arguments) -> {
            if (!method.equals("openStream")) {
                return CALL;
            }
            Stream stream = real.openStream((String) arguments[0]);
            return Planted.instead(Stream.class, stream, (call, given) -> wrong.answer(stream, call, given));
        };
    }

    /**
     * Events are not awaited, and a stream fills as late as this allows: when it records its next event after the place where it would itself await. By
     * then the other stream's results have been read. So it shows in whichever order threads run.
     */
    private static Wrong<Stream> neverAwaiting() {
        Map<Stream, Runnable> late = new HashMap<>();
        Map<Stream, Runnable> due = new HashMap<>();
        return (real, method, arguments) -> switch (method) {
            case "fill" -> {
                late.put(real, () -> real.fill((Tensor) arguments[0], (double) arguments[1]));
                yield null;
            }
            case "await" -> {
                Runnable fill = late.remove(real);
                if (fill != null) {
                    due.put(real, fill);
                }
                yield null;
            }
            case "record" -> {
                Runnable fill = due.remove(real);
                if (fill != null) {
                    fill.run();
                }
                yield CALL;
            }
            default -> CALL;
        };
    }

    private static DeviceProvider devices(Wrong<Device> wrong) {
        DeviceProvider cpu = new CpuDeviceProvider();
        return Planted.instead(DeviceProvider.class, cpu, (method, arguments) -> {
            if (!method.equals("open")) {
                return CALL;
            }
            Device device = cpu.open((DeviceConfig) arguments[0]);
            return Planted.instead(Device.class, device, (call, given) -> wrong.answer(device, call, given));
        });
    }

    private static final class DeviceKit extends DeviceContract {
        private final DeviceProvider provider;

        DeviceKit(DeviceProvider provider) {
            this.provider = provider;
        }

        @Override
        protected DeviceProvider provider() {
            return provider;
        }

        @Override
        protected DeviceConfig deviceConfig() {
            return DeviceConfig.defaults().withStrict(true);
        }
    }

    private static Fault device(String name, String reason, Consumer<DeviceContract> test, Wrong<Device> wrong) {
        return new Fault(name, reason, planted -> {
            DeviceKit kit = new DeviceKit(planted ? devices(wrong) : new CpuDeviceProvider());
            kit.open();
            try {
                return Planted.failures(() -> test.accept(kit));
            } finally {
                kit.close();
            }
        });
    }

    private static final class CaptureKit extends GraphCaptureContract {
        private final GraphCaptureProvider provider;
        private final DeviceProvider devices;

        CaptureKit(GraphCaptureProvider provider, DeviceProvider devices) {
            this.provider = provider;
            this.devices = devices;
        }

        @Override
        protected GraphCaptureProvider provider() {
            return provider;
        }

        @Override
        protected DeviceProvider deviceProvider() {
            return devices;
        }

        @Override
        protected DeviceConfig deviceConfig() {
            return DeviceConfig.defaults().withStrict(true);
        }
    }

    /** How a stream enqueues a loop. */
    private interface WrongLoop {
        void repeat(Stream real, DeviceLoop loop, Runnable body);
    }

    /** The streams are wrapped, and unwrapped for the real capture. */
    private static Fault loops(String name, String reason, WrongLoop wrong) {
        IdentityHashMap<Stream, Stream> reals = new IdentityHashMap<>();
        DeviceProvider devices = devices((device, method, arguments) -> {
            if (!method.equals("openStream")) {
                return CALL;
            }
            Stream real = device.openStream((String) arguments[0]);
            Stream wrapped = Planted.instead(Stream.class, real, (call, given) -> {
                if (!call.equals("repeat")) {
                    return CALL;
                }
                wrong.repeat(real, (DeviceLoop) given[0], (Runnable) given[1]);
                return null;
            });
            reals.put(wrapped, real);
            return wrapped;
        });
        GraphCaptureProvider cpu = new CpuCaptureProvider();
        GraphCaptureProvider unwrapping = Planted.instead(GraphCaptureProvider.class, cpu, (method, arguments) -> {
            if (!method.equals("open")) {
                return CALL;
            }
            GraphCapture capture = cpu.open((RankContext) arguments[0]);
            return Planted.instead(GraphCapture.class, capture, (call, given) -> {
                if (!call.equals("capture")) {
                    return CALL;
                }
                CapturedGraph graph = capture.capture(reals.get(given[0]), (Runnable) given[1]);
                return Planted.instead(CapturedGraph.class, graph, (replay, stream) -> {
                    if (!replay.equals("replay")) {
                        return CALL;
                    }
                    graph.replay(reals.get(stream[0]));
                    return null;
                });
            });
        });
        return new Fault(name, reason, planted -> {
            CaptureKit kit = planted ? new CaptureKit(unwrapping, devices)
                    : new CaptureKit(cpu, new CpuDeviceProvider());
            kit.open();
            try {
                return Planted.failures(kit::loopsRunAsOftenAsTheDeviceSays);
            } finally {
                kit.close();
            }
        });
    }

    private static Fault capture(String name, String reason, Consumer<GraphCaptureContract> test,
            BiFunction<GraphCapture, Runnable, Function<CapturedGraph, CapturedGraph>> wrong) {
        GraphCaptureProvider cpu = new CpuCaptureProvider();
        GraphCaptureProvider broken = Planted.instead(GraphCaptureProvider.class, cpu, (method, arguments) -> {
            if (!method.equals("open")) {
                return CALL;
            }
            GraphCapture capture = cpu.open((RankContext) arguments[0]);
            return Planted.instead(GraphCapture.class, capture, (call, given) -> {
                if (!call.equals("capture")) {
                    return CALL;
                }
                Function<CapturedGraph, CapturedGraph> spoil = wrong.apply(capture, (Runnable) given[1]);
                return spoil.apply(capture.capture((Stream) given[0], (Runnable) given[1]));
            });
        });
        return new Fault(name, reason, planted -> {
            CaptureKit kit = new CaptureKit(planted ? broken : cpu, new CpuDeviceProvider());
            kit.open();
            try {
                return Planted.failures(() -> test.accept(kit));
            } finally {
                kit.close();
            }
        });
    }

    private static final class PeerKit extends PeerGroupContract {
        private final DeviceProvider provider;

        PeerKit(DeviceProvider provider) {
            this.provider = provider;
        }

        @Override
        protected DeviceProvider deviceProvider() {
            return provider;
        }

        @Override
        protected DeviceConfig deviceConfig() {
            return DeviceConfig.defaults().withStrict(true);
        }

        @Override
        protected Optional<GraphCaptureProvider> captureProvider() {
            return Optional.of(new CpuCaptureProvider());
        }
    }

    private static Fault peers(String name, String reason,
            Function<PeerGroupContract, java.util.stream.Stream<DynamicTest>> test, Wrong<PeerGroup> wrong) {
        return peers(name, reason, test, (device, peers) -> Planted.instead(PeerGroup.class, peers,
                (call, given) -> wrong.answer(peers, call, given)));
    }

    private static Fault peers(String name, String reason,
            Function<PeerGroupContract, java.util.stream.Stream<DynamicTest>> test,
            BiFunction<Device, PeerGroup, PeerGroup> spoil) {
        DeviceProvider broken = devices((real, method, arguments) -> method.equals("openPeerGroup")
                ? spoil.apply(real, real.openPeerGroup((Group) arguments[0], (Rendezvous) arguments[1]))
                : CALL);
        return new Fault(name, reason, planted -> {
            PeerKit kit = new PeerKit(planted ? broken : new CpuDeviceProvider());
            kit.open();
            try {
                return Planted.failures(test.apply(kit));
            } finally {
                kit.close();
            }
        });
    }

    private static final class CollectivesKit extends CollectivesContract {
        private final CollectivesProvider provider;

        CollectivesKit(CollectivesProvider provider) {
            this.provider = provider;
        }

        @Override
        protected CollectivesProvider provider() {
            return provider;
        }

        @Override
        protected DeviceProvider deviceProvider() {
            return new CpuDeviceProvider();
        }

        @Override
        protected List<Integer> groupSizes() {
            return List.of(3);
        }

        @Override
        protected List<Integer> sizes() {
            return List.of(0, 5);
        }
    }

    private static Fault collectives(String name, String reason,
            Function<CollectivesContract, java.util.stream.Stream<DynamicTest>> test, Wrong<Collectives> wrong) {
        CollectivesProvider cpu = new CpuPeerCollectivesProvider();
        CollectivesProvider broken = Planted.instead(CollectivesProvider.class, cpu, (method, arguments) -> {
            if (!method.equals("open")) {
                return CALL;
            }
            Collectives real = cpu.open((Group) arguments[0], (RankContext) arguments[1]);
            return Planted.instead(Collectives.class, real, (call, given) -> wrong.answer(real, call, given));
        });
        return new Fault(name, reason, planted -> {
            CollectivesKit kit = new CollectivesKit(planted ? broken : cpu);
            kit.open();
            try {
                return Planted.failures(test.apply(kit));
            } finally {
                kit.close();
            }
        });
    }
}
