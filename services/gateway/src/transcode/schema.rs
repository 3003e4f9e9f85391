//! What the transcoder needs to know of each message, looked up once instead of at every request.
use std::{collections::HashMap, sync::Arc};

use prost_reflect::{EnumDescriptor, FieldDescriptor, MessageDescriptor};

/// A descriptor that has no JSON form here; found at the start, never while serving.
#[derive(Debug, thiserror::Error)]
#[error("{0}: this kind of field has no JSON form in the gateway")]
pub struct Unsupported(String);

/// Every message that can come or go, by index.
#[derive(Default)]
pub struct Schema {
    messages: Vec<Message>,
    index: HashMap<String, usize>,
}

/// One message.
#[derive(Default)]
pub struct Message {
    pub fields: Vec<Field>,
    by_name: HashMap<String, usize>,
    by_number: HashMap<u32, usize>,
    /// Field numbers below 64, where nearly all are.
    low: Vec<u8>,
}

/// One field.
pub struct Field {
    pub name: String,
    /// The name as it stands in JSON, with the colon.
    pub key: String,
    pub number: u32,
    pub kind: Kind,
    pub repeated: bool,
    /// Unset is something else than zero.
    pub optional: bool,
}

/// How a value looks in both forms.
#[derive(Clone)]
pub enum Kind {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    Text,
    Bytes,
    Enum(Arc<Names>),
    Timestamp,
    Message(usize),
}

/// The names of an enum. Its zero, which means "not said", is null in JSON.
pub struct Names(pub Vec<(i32, String)>);

impl Names {
    fn new(descriptor: &EnumDescriptor) -> Self {
        Self(descriptor.values().map(|value| (value.number(), value.name().to_owned())).collect())
    }

    /// The name of a number.
    pub fn name(&self, number: i32) -> Option<&str> {
        self.0.iter().find(|(own, _)| *own == number).map(|(_, name)| name.as_str())
    }

    /// The number of a name.
    pub fn number(&self, name: &str) -> Option<i32> {
        self.0.iter().find(|(_, own)| own == name).map(|(number, _)| *number)
    }

    /// The names that say something, for people.
    pub fn listed(&self) -> String {
        let names: Vec<&str> =
            self.0.iter().filter(|(number, _)| *number != 0).map(|(_, name)| name.as_str()).collect();
        names.join(", ")
    }
}

impl Message {
    /// The place of the field with this number in `fields`.
    pub fn by_number(&self, number: u32) -> Option<usize> {
        match self.low.get(number as usize) {
            Some(&u8::MAX) => None,
            Some(index) => Some(usize::from(*index)),
            None => self.by_number.get(&number).copied(),
        }
    }

    /// The field with this name.
    pub fn by_name(&self, name: &str) -> Option<&Field> {
        self.by_name.get(name).and_then(|index| self.fields.get(*index))
    }
}

impl Schema {
    /// Takes in a message with all it holds; answers its index.
    pub fn add(&mut self, descriptor: &MessageDescriptor) -> Result<usize, Unsupported> {
        if let Some(index) = self.index.get(descriptor.full_name()) {
            return Ok(*index);
        }
        let index = self.messages.len();
        self.index.insert(descriptor.full_name().to_owned(), index);
        self.messages.push(Message::default());
        let mut message = Message { low: vec![u8::MAX; 64], ..Message::default() };
        for field in descriptor.fields() {
            let (at, number) = (message.fields.len(), field.number());
            let short = u8::try_from(at).map_err(|_| Unsupported(field.full_name().to_owned()))?;
            match message.low.get_mut(number as usize) {
                Some(low) => *low = short,
                None => drop(message.by_number.insert(number, at)),
            }
            message.by_name.insert(field.name().to_owned(), at);
            message.fields.push(self.field(&field)?);
        }
        if let Some(own) = self.messages.get_mut(index) {
            *own = message;
        }
        Ok(index)
    }

    /// The message at an index that [`Schema::add`] gave.
    pub fn message(&self, index: usize) -> Option<&Message> {
        self.messages.get(index)
    }

    fn field(&mut self, field: &FieldDescriptor) -> Result<Field, Unsupported> {
        if field.is_map() || field.is_group() {
            return Err(Unsupported(field.full_name().to_owned()));
        }
        let kind = self.kind(field)?;
        let name = field.name().to_owned();
        let (key, repeated) = (format!("\"{name}\":"), field.is_list());
        let optional = !repeated && field.supports_presence();
        Ok(Field { name, key, number: field.number(), kind, repeated, optional })
    }

    fn kind(&mut self, field: &FieldDescriptor) -> Result<Kind, Unsupported> {
        use prost_reflect::Kind as Of;
        Ok(match field.kind() {
            Of::Double => Kind::Double,
            Of::Float => Kind::Float,
            Of::Int32 => Kind::Int32,
            Of::Int64 => Kind::Int64,
            Of::Uint32 => Kind::Uint32,
            Of::Uint64 => Kind::Uint64,
            Of::Sint32 => Kind::Sint32,
            Of::Sint64 => Kind::Sint64,
            Of::Fixed32 => Kind::Fixed32,
            Of::Fixed64 => Kind::Fixed64,
            Of::Sfixed32 => Kind::Sfixed32,
            Of::Sfixed64 => Kind::Sfixed64,
            Of::Bool => Kind::Bool,
            Of::String => Kind::Text,
            Of::Bytes => Kind::Bytes,
            Of::Enum(descriptor) => Kind::Enum(Arc::new(Names::new(&descriptor))),
            Of::Message(message) => match message.full_name() {
                "google.protobuf.Timestamp" => Kind::Timestamp,
                name if name.starts_with("google.protobuf.") => return Err(Unsupported(field.full_name().to_owned())),
                _ => Kind::Message(self.add(&message)?),
            },
        })
    }
}
