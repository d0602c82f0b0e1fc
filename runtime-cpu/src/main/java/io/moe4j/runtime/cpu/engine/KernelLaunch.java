package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.device.CpuLaunch;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Launch;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.SymmetricMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** The view of a launch that its Java kernel gets. */
final class KernelLaunch implements CpuLaunch {
    private final CpuMachine machine;
    private final String kernel;
    private final String stream;
    private final List<KernelArg> arguments;
    private final List<Memory> touched = new ArrayList<>();
    private final long[][] peers;

    private KernelLaunch(CpuMachine machine, String stream, Launch launch) {
        this.machine = machine;
        this.kernel = launch.kernel().name();
        this.stream = stream;
        this.arguments = launch.arguments();
        this.peers = new long[arguments.size()][];
        for (int i = 0; i < peers.length; i++) {
            switch (arguments.get(i)) {
                case KernelArg.Pointer pointer -> touched.add(pointer.tensor().memory());
                case KernelArg.Peers table -> peers[i] = addresses(table);
                default -> {
                }
            }
        }
    }

    static Command command(Launch launch, CpuMachine machine, String stream) {
        if (!(launch.kernel() instanceof CpuKernelModule.Loaded loaded) || !loaded.isOf(machine)) {
            throw new DeviceException("kernel " + launch.kernel().name()
                    + " was not loaded by this CPU device; load it with this stream's device");
        }
        KernelLaunch seen = new KernelLaunch(machine, stream, launch);
        return new Command(loaded.name(), () -> loaded.code().run(seen), seen.touched);
    }

    private long[] addresses(KernelArg.Peers table) {
        SymmetricMemory memory = table.memory();
        long[] addresses = new long[PeerMemory.of(memory).size()];
        for (int i = 0; i < addresses.length; i++) {
            Memory peer = memory.peer(i);
            touched.add(peer);
            addresses[i] = peer.address() + table.byteOffset();
        }
        return addresses;
    }

    @Override
    public MemorySegment memory() {
        return Addresses.ALL;
    }

    @Override
    public long pointer(int index) {
        return switch (argument(index)) {
            case KernelArg.Pointer pointer -> pointer.tensor().address();
            case KernelArg.Absent absent -> 0;
            default -> throw wrong(index, "a pointer");
        };
    }

    @Override
    public long peer(int index, int peer) {
        if (argument(index) instanceof KernelArg.Peers) {
            return peers[index][peer];
        }
        throw wrong(index, "a table of peers");
    }

    @Override
    public int int32(int index) {
        if (argument(index) instanceof KernelArg.Int(int value)) {
            return value;
        }
        throw wrong(index, "a 32-bit integer");
    }

    @Override
    public long int64(int index) {
        if (argument(index) instanceof KernelArg.Long64(long value)) {
            return value;
        }
        throw wrong(index, "a 64-bit integer");
    }

    @Override
    public float float32(int index) {
        if (argument(index) instanceof KernelArg.Real(float value)) {
            return value;
        }
        throw wrong(index, "a single");
    }

    private KernelArg argument(int index) {
        if (index < 0 || index >= arguments.size()) {
            throw new DeviceException("kernel " + kernel + " reads argument " + index + " of a launch with "
                    + arguments.size() + "; count from 0, in the order of the launch");
        }
        return arguments.get(index);
    }

    private DeviceException wrong(int index, String wanted) {
        return new DeviceException("kernel " + kernel + " reads argument " + index + " as " + wanted + ", but it is "
                + arguments.get(index) + "; launch and kernel must agree");
    }

    @Override
    public void parallelFor(long count, long grain, RangeBody body) {
        machine.pool().parallelFor(count, grain, body);
    }

    @Override
    public void sgemm(Sgemm gemm) {
        machine.blas().sgemm(gemm);
    }

    @Override
    public void await(BooleanSupplier condition, Supplier<String> expectation) {
        if (!machine.waits().until(condition)) {
            throw new DeviceException("kernel " + kernel + " on stream " + stream + " waited longer than "
                    + machine.waits().timeout().toMillis() / 1000.0 + " s for " + expectation.get()
                    + "; a peer is stuck or gone, see its log, or raise the device's time limit");
        }
    }
}
