package io.moe4j.runtime.cuda;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.KernelArg;
import io.moe4j.runtime.cuda.driver.TensorMaps;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import jcuda.Pointer;

/**
 * The arguments of a launch in native memory, as the driver takes them: a table of pointers, then the values that they point to, then tensor maps.
 * Each launch overwrites the block, so launches allocate no Java objects; the driver has copied the values when the launch returns. A block belongs
 * to one stream, hence to one thread.
 */
final class ArgumentBlock implements AutoCloseable {
    private static final int MAX_ARGUMENTS = 64;
    private static final long VALUES = (long) MAX_ARGUMENTS * Long.BYTES;

    private static final int MAX_MAPS = 4;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment block = arena.allocate(2 * VALUES + MAX_MAPS * TensorMaps.BYTES, 64);
    private final Pointer pointer = Pointer.to(block.asByteBuffer());
    private final TensorMaps maps;

    ArgumentBlock(TensorMaps maps) {
        this.maps = maps;
    }

    /** Writes the arguments; returns the table of pointers. */
    Pointer with(List<KernelArg> arguments) {
        int count = arguments.size();
        if (count > MAX_ARGUMENTS) {
            throw new DeviceException("a launch has " + count + " arguments; at most " + MAX_ARGUMENTS + " are passed");
        }
        int mapped = 0;
        for (int i = 0; i < count; i++) {
            long at = VALUES + (long) i * Long.BYTES;
            if (arguments.get(i) instanceof KernelArg.TensorMap map) {
                at = writeMap(mapped++, map);
            }
            block.setAtIndex(ValueLayout.JAVA_LONG, i, block.address() + at);
            switch (arguments.get(i)) {
                case KernelArg.Pointer p -> block.set(ValueLayout.JAVA_LONG, at, p.tensor().address());
                case KernelArg.Absent a -> block.set(ValueLayout.JAVA_LONG, at, 0);
                case KernelArg.Peers p -> block.set(ValueLayout.JAVA_LONG, at,
                        ((DeviceTables) p.memory()).tableAddress(p.byteOffset()));
                case KernelArg.Int v -> block.set(ValueLayout.JAVA_INT, at, v.value());
                case KernelArg.Long64 v -> block.set(ValueLayout.JAVA_LONG, at, v.value());
                case KernelArg.Real v -> block.set(ValueLayout.JAVA_FLOAT, at, v.value());
                case KernelArg.TensorMap written -> {
                }
            }
        }
        return pointer;
    }

    /** Encodes the launch's tensor map number {@code index}; returns its address. */
    private long writeMap(int index, KernelArg.TensorMap map) {
        if (index == MAX_MAPS) {
            throw new DeviceException("a launch has more than " + MAX_MAPS + " tensor maps; that is the limit");
        }
        long at = 2 * VALUES + (long) index * TensorMaps.BYTES;
        maps.encode(map, block.asSlice(at, TensorMaps.BYTES));
        return at;
    }

    @Override
    public void close() {
        arena.close();
    }
}
