package io.moe4j.runtime.cuda;

/** Something that takes part, on the host, in each launch of the graph that was captured with it. */
public interface ReplayPart {

    /** Called just before the launch. */
    void beforeLaunch();

    /** Called just after the launch on {@code stream}. */
    void afterLaunch(CudaStream stream);
}
