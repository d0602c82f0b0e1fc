/** Operating-system matters of plug-ins: the ownership of files, and a private folder for native libraries. */
@NullMarked
package io.moe4j.api.host;

import org.jspecify.annotations.NullMarked;
