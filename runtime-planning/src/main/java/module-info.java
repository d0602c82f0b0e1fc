/** Planned device memory, shared by the runtimes. */
module io.moe4j.runtime.planning {
    requires org.slf4j;
    requires static transitive org.jspecify;
    requires transitive io.moe4j.api;
}
