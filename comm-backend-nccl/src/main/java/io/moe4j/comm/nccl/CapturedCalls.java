package io.moe4j.comm.nccl;

import io.moe4j.runtime.cuda.CudaStream;
import io.moe4j.runtime.cuda.ReplayPart;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/** The calls of one communicator in a captured graph. */
final class CapturedCalls implements ReplayPart {
    private final List<String> names = new ArrayList<>();
    private final BiConsumer<CudaStream, List<String>> launched;

    /** @param launched called at each launch, with the names of the calls in the graph */
    CapturedCalls(BiConsumer<CudaStream, List<String>> launched) {
        this.launched = launched;
    }

    void add(String name) {
        names.add(name);
    }

    @Override
    public void beforeLaunch() {}

    @Override
    public void afterLaunch(CudaStream stream) {
        launched.accept(stream, names);
    }
}
