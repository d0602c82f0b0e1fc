package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.comm.ReceiveCapacity;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.KernelSource;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Setting;
import io.moe4j.api.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Checks that a provider's statements about itself are true. */
final class CommClaims {
    private final CommKit kit;
    private final CommCase shape;

    CommClaims(CommKit kit, CommCase shape) {
        this.kit = kit;
        this.shape = shape;
    }

    /**
     * Id, version, probe, and what it says of row types, requirements and settings.
     *
     * @param provider makes the provider, which has no state: two of them say the same
     * @param kind of the device that it runs on
     * @param rowTypes that it handles
     */
    static void areConsistent(Supplier<CommBackendProvider> provider, DeviceKind kind, List<DType> rowTypes) {
        CommBackendProvider one = provider.get();
        ProviderChecks.isWellBehaved(one, CommBackendProvider.SPI_VERSION);
        assertTrue(one.supports(kind));
        for (DType type : List.of(DType.I32, DType.I64)) {
            assertFalse(one.supports(kind, type), "supports rows of " + type);
        }
        for (DType type : rowTypes) {
            assertTrue(one.supports(kind, type), "supports rows of " + type);
        }
        CommBackendProvider other = provider.get();
        assertEquals(one.requirements(), other.requirements());
        assertEquals(names(one.settings()), names(other.settings()), "names of the settings");
    }

    private static List<String> names(List<Setting<?>> settings) {
        List<String> names = settings.stream().map(Setting::name).toList();
        assertEquals(names.stream().distinct().toList(), names, "each setting is listed once");
        return names;
    }

    /**
     * No provider can run on a kind of device that it has never heard of. For a kind that it names it has kernels: it is opened on a device that
     * says it is of that
     * kind, and what it loads there must hold a binary for it.
     */
    void supportsWhatItBrings() {
        CommBackendProvider provider = kit.provider();
        for (String unheardOf : List.of("no_such_device", "cud", "cpu2", "")) {
            assertFalse(provider.supports(new DeviceKind(unheardOf)), "supports(\"" + unheardOf
                    + "\"): no provider can know that kind of device; answer for the kinds whose kernels it brings");
        }
        for (DeviceKind kind : List.of(DeviceKind.CPU, DeviceKind.CUDA)) {
            if (provider.supports(kind)) {
                for (KernelSource source : loadedOn(kind)) {
                    assertTrue(source.supports(kind), "it supports(" + kind + "), but its kernels \"" + source.name()
                            + "\" hold nothing for that kind; ask KernelSource.supports(kind)");
                }
            }
        }
    }

    /**
     * The kernels that it loads on a device that claims to be of a kind; none of them is run. A failure after that proves nothing, because the device is not
     * of that kind.
     */
    private List<KernelSource> loadedOn(DeviceKind kind) {
        List<KernelSource> loaded = new ArrayList<>();
        CommCase alone = CommCase.of("claims", 1, shape.tokens(), shape.dim(), 2, 1, CommCase.Routing.RANDOM);
        try (RankTeam team = RankTeam.open(kit.device(), 1, CommKit.stackBytes(alone))) {
            team.run(rank -> {
                CommRank.Foundation foundation = CommRank.Foundation.open(kit, rank, rank.world());
                Device device = Intercepted.of(Device.class, rank.device(), (call, arguments) -> {
                    if (call.equals("load")) {
                        loaded.add((KernelSource) arguments[0]);
                    }
                    return call.equals("kind") ? kind : Intercepted.CALL;
                });
                RankContext context = new RankContext(rank.world(), device, rank.stream(), rank.memory(),
                        rank.rendezvous());
                try {
                    kit.provider().open(alone.config(DType.F32), foundation.context(context, rank.world())).close();
                } catch (DeviceException | IllegalStateException notThatKind) {
                    // a device that only claims its kind
                } finally {
                    foundation.close();
                }
                return true;
            });
        }
        return loaded;
    }

    /** Neither a plan nor an exchange makes the host wait, unless the provider says so. */
    void waitsForTheHostOnlyIfItSaysSo(CommRank rank) {
        long before = rank.stream().hostSyncs();
        CommCapture.runOnce(rank, shape, DType.F32);
        long syncs = rank.stream().hostSyncs() - before;
        if (!kit.provider().requirements().synchronisesWithHost()) {
            assertEquals(0, syncs,
                    "times that the host waited in a plan, a dispatch and a combine; requirements() do not"
                            + " say that it synchronises with the host");
        }
    }

    /** A backend that has only the worst case refuses another capacity, with a message that names it. */
    void refusesOtherCapacities(RankContext rank) {
        CommCase smaller = shape.with(ReceiveCapacity.factor(1), OverflowAction.FAIL);
        CommRank.Foundation foundation = CommRank.Foundation.open(kit, rank, rank.world());
        CommContext context = foundation.context(rank, rank.world());
        try {
            DeviceException refusal = assertThrows(DeviceException.class,
                    () -> kit.provider().open(smaller.config(DType.F32), context).close());
            assertTrue(String.valueOf(refusal.getMessage()).contains("worst"), refusal.toString());
        } finally {
            foundation.close();
        }
    }
}
