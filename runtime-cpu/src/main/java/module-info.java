/** The CPU device. */
module io.moe4j.runtime.cpu {
    requires io.moe4j.api;
    requires jdk.incubator.vector;
    requires org.bytedeco.javacpp;
    requires org.bytedeco.openblas;
    requires org.slf4j;
    requires static transitive org.jspecify;

    provides io.moe4j.api.capture.GraphCaptureProvider with io.moe4j.runtime.cpu.CpuCaptureProvider;
    provides io.moe4j.api.device.DeviceProvider with io.moe4j.runtime.cpu.CpuDeviceProvider;
    provides io.moe4j.api.group.CollectivesProvider with io.moe4j.runtime.cpu.peer.CpuPeerCollectivesProvider;
}
