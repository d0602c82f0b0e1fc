package io.moe4j.runtime.cuda;

/** What takes part, on the host, in each launch of a graph that was captured with it. */
public interface ReplayPart {

    /** Just before the launch. */
    void beforeLaunch();

    /** Just after the launch on {@code stream}. */
    void afterLaunch(CudaStream stream);
}
