package io.moe4j.runtime.cpu;

import static io.moe4j.tests.contract.Planted.CALL;

import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.peer.CpuPeerCollectivesProvider;
import io.moe4j.tests.contract.CollectivesContract;
import io.moe4j.tests.contract.Planted;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.DynamicTest;

/** Faults of collectives, which {@link CollectivesContract} finds. */
final class CollectivesFaults {

    private CollectivesFaults() {}

    static List<KitFault> all() {
        return List.of(
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

    private static KitFault collectives(String name, String reason,
            Function<CollectivesContract, java.util.stream.Stream<DynamicTest>> test, Wrong<Collectives> wrong) {
        CollectivesProvider cpu = new CpuPeerCollectivesProvider();
        CollectivesProvider broken = Planted.instead(CollectivesProvider.class, cpu, (method, arguments) -> {
            if (!method.equals("open")) {
                return CALL;
            }
            Collectives real = cpu.open((Group) arguments[0], (RankContext) arguments[1]);
            return Planted.instead(Collectives.class, real, (call, given) -> wrong.answer(real, call, given));
        });
        return new KitFault(name, reason, planted -> {
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
