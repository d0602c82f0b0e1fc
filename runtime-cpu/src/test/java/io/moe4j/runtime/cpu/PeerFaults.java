package io.moe4j.runtime.cpu;

import static io.moe4j.tests.contract.Planted.CALL;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.runtime.cpu.engine.Addresses;
import io.moe4j.tests.contract.PeerGroupContract;
import io.moe4j.tests.contract.Planted;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/** Faults of peer groups, which {@link PeerGroupContract} finds. */
final class PeerFaults {

    private PeerFaults() {}

    static List<KitFault> all() {
        return List.of(
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
                        (real, method, arguments) -> method.equals("allocate") ? dirty(real, arguments) : CALL));
    }

    private static Stream<DynamicTest> one(Runnable test) {
        return Stream.of(dynamicTest("it", test::run));
    }

    private static SymmetricMemory dirty(PeerGroup real, Object[] arguments) {
        SymmetricMemory memory = real.allocate((long) arguments[0], (String) arguments[1]);
        Addresses.setRelease(memory.local().address(), 1);
        return memory;
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

    private static KitFault peers(String name, String reason,
            Function<PeerGroupContract, Stream<DynamicTest>> test, Wrong<PeerGroup> wrong) {
        return peers(name, reason, test, (device, peers) -> Planted.instead(PeerGroup.class, peers,
                (call, given) -> wrong.answer(peers, call, given)));
    }

    private static KitFault peers(String name, String reason,
            Function<PeerGroupContract, Stream<DynamicTest>> test,
            BiFunction<Device, PeerGroup, PeerGroup> spoil) {
        DeviceProvider broken = DeviceFaults.devices((real, method, arguments) -> method.equals("openPeerGroup")
                ? spoil.apply(real, real.openPeerGroup((Group) arguments[0], (Rendezvous) arguments[1]))
                : CALL);
        return new KitFault(name, reason, planted -> {
            PeerKit kit = new PeerKit(planted ? broken : new CpuDeviceProvider());
            kit.open();
            try {
                return Planted.failures(test.apply(kit));
            } finally {
                kit.close();
            }
        });
    }
}
