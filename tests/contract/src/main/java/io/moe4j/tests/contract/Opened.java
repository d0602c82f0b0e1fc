package io.moe4j.tests.contract;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.KernelSource;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Records the kernels and streams that are opened through a device and not closed yet. The device itself counts memory. */
final class Opened {
    private final List<String> kernels = new ArrayList<>();
    private final List<Stream> streams = new ArrayList<>();

    Device watch(Device device) {
        return Intercepted.of(Device.class, device, (method, arguments) -> switch (method) {
            case "load" -> loaded(device, (KernelSource) arguments[0]);
            case "openStream" -> opened(device.openStream((String) arguments[0]));
            default -> Intercepted.CALL;
        });
    }

    private KernelModule loaded(Device device, KernelSource source) {
        String name = "kernels \"" + source.name() + "\", load " + kernels.size();
        kernels.add(name);
        return Intercepted.of(KernelModule.class, device.load(source), (method, arguments) -> {
            if (method.equals("close")) {
                kernels.remove(name);
            }
            return Intercepted.CALL;
        });
    }

    /** Streams are recorded, but not wrapped: a device accepts only its own streams. */
    private Stream opened(Stream stream) {
        streams.add(stream);
        return stream;
    }

    /** Fails if something is still open, and closes open streams. */
    void check(Device device) {
        List<String> open = new ArrayList<>(kernels);
        try (Memory memory = device.allocate(256, "contract")) {
            Tensor tensor = Tensor.of(memory, 0, DType.I32, 1);
            for (Stream stream : streams) {
                if (takesWork(stream, tensor)) {
                    open.add("stream \"" + stream.name() + "\"");
                    stream.close();
                }
            }
        }
        if (!open.isEmpty()) {
            throw new AssertionError("still open after the backend was closed: " + open);
        }
    }

    private static boolean takesWork(Stream stream, Tensor tensor) {
        try {
            stream.fill(tensor, 0);
            return true;
        } catch (RuntimeException closed) {
            return false;
        }
    }
}
