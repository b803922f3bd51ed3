# Maps an identifier such as s3://bucket/99/1/page-1 to the bucket and key it names.
class CustomDelegate
  attr_accessor :context

  S3_URI = %r{\As3://([^/]+)/(.+)\z}m

  def s3source_object_info(_options = {})
    match = S3_URI.match(context['identifier'])
    return nil if match.nil?

    { 'bucket' => match[1], 'key' => match[2] }
  end

  def pre_authorize(_options = {})
    true
  end

  def authorize(_options = {})
    true
  end

  def source(_options = {})
    nil
  end

  def extra_iiif3_information_response_keys(_options = {})
    {}
  end

  def overlay(_options = {}); end

  def redactions(_options = {})
    []
  end

  def metadata(_options = {}); end
end
