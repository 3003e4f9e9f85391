//! The comments of the protos, which are the documentation.
use std::collections::HashMap;

use prost_reflect::{DescriptorPool, FileDescriptor};

/// Comments by file and by the path of what they stand at.
pub struct Comments(HashMap<(String, Vec<i32>), String>);

impl Comments {
    /// Every comment that stands before something.
    pub fn of(pool: &DescriptorPool) -> Self {
        let mut comments = HashMap::new();
        for file in pool.files() {
            let Some(info) = &file.file_descriptor_proto().source_code_info else { continue };
            for location in info.location.iter() {
                if let Some(text) = &location.leading_comments {
                    let lines: Vec<&str> = text.trim().lines().map(str::trim).collect();
                    comments.insert((file.name().to_owned(), location.path.clone()), lines.join("\n"));
                }
            }
        }
        Self(comments)
    }

    /// The comment of what stands at a path of a file; empty where there is none.
    pub fn of_descriptor(&self, file: &FileDescriptor, path: &[i32]) -> String {
        self.0.get(&(file.name().to_owned(), path.to_vec())).cloned().unwrap_or_default()
    }
}
