/** How ranks are started and meet: as threads of one JVM, or as processes of a launcher. */
module io.moe4j.launch {
    requires transitive io.moe4j.api;
    requires org.slf4j;
    requires static transitive org.jspecify;

    exports io.moe4j.launch;
}
