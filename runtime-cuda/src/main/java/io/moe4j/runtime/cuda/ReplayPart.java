package io.moe4j.runtime.cuda;

/** Host code that runs before and after each launch of the graph with which it was captured. */
public interface ReplayPart {

    /** Called just before the launch. */
    void beforeLaunch();

    /** Called just after the launch on {@code stream}. */
    void afterLaunch(CudaStream stream);
}
